// A small made-up province as events. All happens in the current month, Vietnamese time, and before now.

const SOURCE = "/phu-tho/mot-cua";
const LONG_AGO = "2025-07-01T00:00:00+07:00";
const DAY_MS = 86_400_000;

let sequence = 0;
function event(type, subject, time, data) {
  sequence += 1;
  return { specversion: "1.0", id: `e${sequence}`, source: SOURCE, type, subject, time, datacontenttype: "application/json", data };
}

function monthStart(now) {
  const month = new Date(now + 7 * 3_600_000).toISOString().slice(0, 7);
  return Date.parse(`${month}-01T00:00:00+07:00`);
}

/** A share of the way from the month's start to just before now. */
function thisMonth(share) {
  const now = Date.now();
  const start = monthStart(now);
  return new Date(start + Math.max(0, now - 2_000 - start) * share).toISOString();
}

const agency = (code, kind, name, parent, name_en) =>
  event("agency.defined", code, LONG_AGO, { kind, name, parent, name_en });

const dossiersOf = (unit, size) => Array.from({ length: size }, (_, index) => `${unit}-${index}`);

const accept = (unit, size) =>
  dossiersOf(unit, size).map((code, index) =>
    event("dossier.accepted", code, thisMonth((index + 1) / (4 * size)), {
      procedure: "1.000001",
      agency: unit,
      officer: "CB01",
      fee_vnd: 10_000,
      due_at: new Date(Date.now() + 20 * DAY_MS).toISOString(),
    }));

/** The officer of Justice who has all dossiers. */
export const hire = () => [event("officer.defined", "CB01", LONG_AGO, { agency: JUSTICE.code, name: "Nguyễn Văn An" })];

/** The National Portal acknowledges every dossier: 6 points. */
export const synchronise = (unit, size) =>
  dossiersOf(unit, size).map((code) => event("dossier.synced", code, thisMonth(0.5), { message: "dossier", accepted: true }));

/** Every dossier gets a part digitised, reused and taken from the portal's store: 10 points. */
export const digitise = (unit, size) =>
  dossiersOf(unit, size).map((code) =>
    event("dossier.part_digitised", code, thisMonth(0.6), { count: 1, reused: 1, from_portal_store: 1 }));

/** Every fee is paid online: up to 8 points. */
export const pay = (unit, size) =>
  dossiersOf(unit, size).map((code) => event("dossier.paid", code, thisMonth(0.7), { amount_vnd: 10_000, method: "portal" }));

export const JUSTICE = { code: "H28.1", name: "Sở Tư pháp", dossiers: 12 };
export const HEALTH = { code: "H28.2", name: "Sở Y tế", dossiers: 12 };
export const DA_BAC = { code: "H28.101", name: "Xã Đà Bắc", dossiers: 11 };
export const PA_CO = { code: "H28.103", name: "Xã Pà Cò", dossiers: 3 };

/** Justice leads Health by its synchronised dossiers; Pà Cò has too few dossiers to be ranked. */
export function foundProvince() {
  return [
    agency("H28", "province", "Tỉnh Phú Thọ", undefined, "Phu Tho Province"),
    agency(JUSTICE.code, "department", JUSTICE.name, "H28", "Department of Justice"),
    agency(HEALTH.code, "department", HEALTH.name, "H28"),
    agency(DA_BAC.code, "commune", DA_BAC.name, "H28"),
    agency("H28.102", "commune", "Phường Tân Hòa", "H28"),
    agency(PA_CO.code, "commune", PA_CO.name, "H28"),
    event("procedure.defined", "1.000001", LONG_AGO, {
      name: "Đăng ký khai sinh", levels: ["province", "commune"], agency: "H28", online: "full", full_eligible: true,
      paper_result: false, fee: true, payment_integrated: true, for_citizens: true,
    }),
    ...accept(JUSTICE.code, JUSTICE.dossiers),
    ...accept(HEALTH.code, HEALTH.dossiers),
    ...accept(DA_BAC.code, DA_BAC.dossiers),
    ...accept("H28.102", 12),
    ...accept(PA_CO.code, PA_CO.dossiers),
    ...synchronise(JUSTICE.code, JUSTICE.dossiers),
  ];
}
