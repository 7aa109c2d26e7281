// The peer: a proxy that checks an ES256 access token once, remembers it, and forwards the call.
import Fastify from "fastify";
import proxy from "@fastify/http-proxy";
import { createLocalJWKSet, jwtVerify } from "jose";
import { readFileSync } from "node:fs";

const [port, upstream, jwksFile, issuer, audience] = process.argv.slice(2);
const keys = createLocalJWKSet(JSON.parse(readFileSync(jwksFile, "utf8")));
const proven = new Map();

async function authenticate(request, reply) {
  const token = (request.headers.authorization ?? "").slice(7);
  const until = proven.get(token);
  if (until !== undefined && until > Date.now() / 1000) return;
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: "at+jwt" });
    if (proven.size >= 10000) proven.clear();
    proven.set(token, payload.exp);
  } catch {
    await reply.code(401).send({ code: "token_invalid" });
  }
}

const app = Fastify({ logger: false, bodyLimit: 65536 });
await app.register(proxy, {
  upstream,
  prefix: "/v1/data",
  rewritePrefix: "/api/v1/thua-dat/tim-kiem",
  preHandler: authenticate,
  http: { agentOptions: { keepAlive: true, maxSockets: 64 } },
  undici: { connections: 64, pipelining: 1 },
});
await app.listen({ host: "127.0.0.1", port: Number(port) });
console.log(`ready ${process.pid}`);
