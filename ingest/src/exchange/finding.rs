//! What is odd about a message that was understood all the same: told to whoever sends it, never a reason to drop it.

/// One kind of oddity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FindingKind {
    /// It says nothing that makes an event.
    NothingSaid,
    /// A dossier in hand has no due date.
    DueMissing,
    /// A status whose happening has no date: no event is made of it.
    StatusWithoutTime,
    /// A status that lies before one already reached.
    StatusBackwards,
    /// An entry of the supplements without the dates of request and receipt.
    SupplementWithoutDates,
    /// A supplement came and no new due date is given: the due date moves by the time the clock stood.
    SupplementWithoutDue,
    /// A due date moved and nothing in the message says when or why.
    DueMovedUnexplained,
    /// A step nobody is named for: no `dossier.assigned` is made of it.
    OfficerMissing,
    /// Dates in an order that cannot be.
    ImpossibleOrder,
}

impl FindingKind {
    /// All of them, in the order of declaration.
    pub const ALL: [FindingKind; 9] = [
        FindingKind::NothingSaid,
        FindingKind::DueMissing,
        FindingKind::StatusWithoutTime,
        FindingKind::StatusBackwards,
        FindingKind::SupplementWithoutDates,
        FindingKind::SupplementWithoutDue,
        FindingKind::DueMovedUnexplained,
        FindingKind::OfficerMissing,
        FindingKind::ImpossibleOrder,
    ];

    /// The stable code in answers and reports.
    pub fn code(self) -> &'static str {
        match self {
            FindingKind::NothingSaid => "nothing_said",
            FindingKind::DueMissing => "due_missing",
            FindingKind::StatusWithoutTime => "status_without_time",
            FindingKind::StatusBackwards => "status_backwards",
            FindingKind::SupplementWithoutDates => "supplement_without_dates",
            FindingKind::SupplementWithoutDue => "supplement_without_due",
            FindingKind::DueMovedUnexplained => "due_moved_unexplained",
            FindingKind::OfficerMissing => "officer_missing",
            FindingKind::ImpossibleOrder => "impossible_order",
        }
    }

    /// What to do about it, for the sender.
    pub fn advice(self) -> &'static str {
        match self {
            FindingKind::NothingSaid => "send at least one date of the dossier, or a step with its time",
            FindingKind::DueMissing => "give NgayHenTra",
            FindingKind::StatusWithoutTime => {
                "give the date that belongs to the status, or NgayCapNhat for when the dossier changed"
            }
            FindingKind::StatusBackwards => {
                "a status that steps back is kept and flagged; say with NgayCapNhat when the dossier was taken up again"
            }
            FindingKind::SupplementWithoutDates => {
                "give NgayBoSung, and NgayTiepNhanBoSung once it was received, in each element"
            }
            FindingKind::SupplementWithoutDue => {
                "give NgayHenTraMoi; without it the due date moves by the time the clock stood"
            }
            FindingKind::DueMovedUnexplained => {
                "give NgayHenTraTruoc and NgayHenTraMoi for every change of the due date"
            }
            FindingKind::OfficerMissing => "give NguoiXuLy",
            FindingKind::ImpossibleOrder => {
                "check the dates: filed, accepted, ended, returned, in this order"
            }
        }
    }
}

/// An oddity, and the field it is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Finding {
    /// Which kind.
    pub kind: FindingKind,
    /// The field, as the message calls it.
    pub field: &'static str,
}
