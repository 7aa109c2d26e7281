// A certified client by others (openid-client) asks a gateway, from discovery to an answer.
//
// Reads one JSON object from standard input, prints one: what was asked, and what came of it.
import { readFileSync } from "node:fs";
import * as client from "openid-client";
import { calculateJwkThumbprint, createRemoteJWKSet, decodeJwt, importJWK, jwtVerify } from "jose";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const given = JSON.parse(readFileSync(0, "utf8"));
const wire = []; // every request as it went out, with what came back

async function noted(url, options) {
  const answer = await fetch(url, options);
  const copy = answer.clone();
  const text = await copy.text();
  let code = null;
  try {
    const body = JSON.parse(text);
    code = body.error ?? body.code ?? null;
  } catch {} // an empty answer has no code
  wire.push({ path: new URL(url).pathname, status: answer.status, code, nonce: answer.headers.get("dpop-nonce") });
  return answer;
}

async function configured() {
  const key = { key: await importJWK(given.key, given.alg), kid: given.key.kid };
  const config = await client.discovery(
    new URL(given.issuer), given.client_id, {}, client.PrivateKeyJwt(key),
    { algorithm: "oauth2", execute: [client.allowInsecureRequests], [client.customFetch]: noted },
  );
  return config;
}

async function ask(config, token, DPoP, service, question) {
  const url = new URL(`${given.issuer}/v1/data/${service}`);
  const headers = new Headers({ "content-type": "application/json" });
  const answer = await client.fetchProtectedResource(
    config, token, url, "POST", JSON.stringify(question), headers, { DPoP },
  );
  return { status: answer.status, body: await answer.json() };
}

// What the gateway said to a request that it refuses; the library turns it into an error.
async function refusal(work) {
  try {
    await work();
  } catch {} // the wire has it
  const { status, code } = wire.at(-1);
  return { status, code };
}

const said = {};
const config = await configured();
const keys = await client.randomDPoPKeyPair(given.dpop_alg);
const DPoP = client.getDPoPHandle(config, keys);
const metadata = config.serverMetadata();
said.metadata = { issuer: metadata.issuer, algs: metadata.dpop_signing_alg_values_supported };

const granted = await client.clientCredentialsGrant(config, { resource: given.issuer }, { DPoP });
said.granted = { type: granted.token_type, life: granted.expires_in };
const jwks = createRemoteJWKSet(new URL(metadata.jwks_uri));
const proven = await jwtVerify(granted.access_token, jwks, {
  issuer: given.issuer, audience: given.issuer, typ: "at+jwt", algorithms: ["ES256", "EdDSA", "Ed25519"],
});
const shown = await crypto.subtle.exportKey("jwk", keys.publicKey);
said.bound = proven.payload.cnf?.jkt === (await calculateJwkThumbprint(shown));

said.answer = await ask(config, granted.access_token, DPoP, given.service, given.question);
said.again = await ask(config, granted.access_token, DPoP, given.service, given.question);
const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair(given.dpop_alg));
said.stolen = await refusal(() => ask(config, granted.access_token, other, given.service, given.question));

const looked = await client.tokenIntrospection(config, granted.access_token);
said.looked = { active: looked.active, jkt: looked.cnf?.jkt === proven.payload.cnf.jkt };
if (given.official) {
  const exchanged = await client.genericGrantRequest(
    config, EXCHANGE,
    { subject_token: given.official, subject_token_type: ACCESS_TOKEN, resource: given.issuer }, { DPoP },
  );
  const claims = decodeJwt(exchanged.access_token);
  said.exchanged = { issued: exchanged.issued_token_type, sub: claims.sub, act: claims.act?.agency };
  said.without = await refusal(() => ask(config, granted.access_token, DPoP, given.demanding, given.sensitive));
  said.official = await ask(config, exchanged.access_token, DPoP, given.demanding, given.sensitive);
}
await client.tokenRevocation(config, granted.access_token);
said.after = await client.tokenIntrospection(config, granted.access_token);
said.revoked = await refusal(() => ask(config, granted.access_token, DPoP, given.service, given.question));
console.log(JSON.stringify({ ...said, wire }));
