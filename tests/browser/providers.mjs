// OpenID providers for tests: a real one from the registry, and one that lies as it is told. Both on this machine only.

import { createServer } from "node:http";
import { createHash, createHmac } from "node:crypto";
import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "nhip", secret: "a-secret-of-the-test" };

/** Accounts of the real provider: what their claims say. */
export const ACCOUNTS = {
  lanhdao: { roles: ["nhip-lanh-dao"] },
  thutruong: { roles: ["khac", "nhip-thu-truong"], units: ["H28.SYT"] },
  khach: { roles: ["khac"] },
};

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));

/** A port nobody listens at just now. */
export async function freePort() {
  const server = createServer();
  const url = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return Number(new URL(url).port);
}

/** The real provider, with one client at `nhip`. */
export async function startProvider(nhip) {
  const server = createServer();
  const issuer = await listen(server);
  const provider = new Provider(issuer, {
    clients: [{
      client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [`${nhip}/dang-nhap/ve`],
      post_logout_redirect_uris: [`${nhip}/dang-nhap`],
      grant_types: ["authorization_code"], response_types: ["code"], token_endpoint_auth_method: "client_secret_basic",
      backchannel_logout_uri: `${nhip}/dang-xuat/nguon`, backchannel_logout_session_required: true,
    }],
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["roles", "units", "officer"] },
    conformIdTokenClaims: false,
    // By itself it calls nobody on its own machine, which is where the server under test is.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    cookies: { keys: ["test"] },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) }),
  });
  server.on("request", provider.callback());
  return { issuer, stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) };
}

const NOW = () => Math.floor(Date.now() / 1000);

/** A provider whose next token is what a test wants it to be. */
export async function startLiar() {
  const ours = await generateKeyPair("RS256", { extractable: true });
  const others = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: "k", alg: "RS256", use: "sig" };
  const pem = await exportSPKI(ours.publicKey);
  const server = createServer();
  const issuer = await listen(server);
  const liar = { issuer, lie: {}, asked: null, verified: 0, stop: () => new Promise((resolve) => server.close(resolve)) };
  const claims = () => ({
    iss: issuer, aud: CLIENT.id, sub: "lanhdao", iat: NOW(), exp: NOW() + 300, nonce: liar.asked?.get("nonce"),
    roles: ["nhip-lanh-dao"], ...liar.lie.claims,
  });
  liar.sign = (body, key = ours.privateKey, header = {}) =>
    new SignJWT(body).setProtectedHeader({ alg: "RS256", kid: "k", ...header }).sign(key);
  const token = async () => {
    const body = JSON.parse(JSON.stringify(claims()));
    const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    switch (liar.lie.how) {
      case "none": return new UnsecuredJWT(body).encode();
      case "another key": return liar.sign(body, others.privateKey);
      case "public key as secret": {
        const text = `${encoded({ alg: "HS256", kid: "k" })}.${encoded(body)}`;
        return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
      }
      case "cut": return (await liar.sign(body)).split(".").slice(0, 2).join(".") + ".";
      case "edited": {
        const [head, , signature] = (await liar.sign(body)).split(".");
        return `${head}.${encoded({ ...body, roles: ["nhip-lanh-dao"], sub: "nobody" })}.${signature}`;
      }
      default: return liar.sign(body);
    }
  };
  server.on("request", async (request, response) => {
    const answer = (value) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    const url = new URL(request.url, issuer);
    if (url.pathname === "/.well-known/openid-configuration") {
      return answer({ issuer: liar.lie.issuer ?? issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys` });
    }
    if (url.pathname === "/keys") return answer({ keys: [jwk] });
    if (url.pathname === "/token") {
      let body = "";
      for await (const part of request) body += part;
      const form = new URLSearchParams(body);
      const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
      if (challenge !== liar.asked?.get("code_challenge")) return answer({ error: "invalid_grant" });
      liar.verified += 1;
      return answer({ token_type: "Bearer", access_token: "x", id_token: await token() });
    }
    response.statusCode = 404;
    return answer({});
  });
  return liar;
}
