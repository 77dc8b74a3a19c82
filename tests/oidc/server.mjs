// An OpenID provider (oidc-provider) over HTTPS, and a few addresses of the tests' own below /test/:
//
//   POST /test/token    {"user", "audience", "format": "jwt"|"opaque", "algorithm"}: an access token of the provider's own making
//   POST /test/sign     {"header", "claims", "key": "current"|"foreign"}: whatever the test wants signed, by the provider's keys or not
//   POST /test/rotate   {"keep": true|false}: new keys, beside the old ones or instead of them
//   POST /test/revoke   {"token"}
//   GET  /test/counts   how often each path was asked for
//   GET  /test/public   the RSA key in the forms that have been taken for HMAC secrets
//
// Settings by environment: PORT, CERTIFICATE, KEY (files).
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { createPublicKey, randomUUID } from 'node:crypto';
import * as jose from 'jose';
import Provider from 'oidc-provider';

const port = Number(process.env.PORT);
const issuer = `https://127.0.0.1:${port}`;

const people = {
  alice: { preferred_username: 'alice', email: 'alice@example.com', email_verified: true, groups: ['developers', 'proxy-users'] },
  bob: { preferred_username: 'bob', email: 'bob@elsewhere.example', email_verified: false, groups: ['staff'] },
  nameless: { groups: ['proxy-users'] },
  evil: { preferred_username: 'alice\nforged=1', groups: ['proxy-users'] },
};
const claimsOf = (id) => ({ sub: id, ...people[id] });

const kinds = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const keyAlgorithms = { rsa: 'RS256', 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', ed: 'EdDSA' };

async function newKeys() {
  const keys = [];
  for (const algorithm of Object.values(keyAlgorithms)) {
    const { privateKey } = await jose.generateKeyPair(algorithm, { extractable: true });
    keys.push({ ...(await jose.exportJWK(privateKey)), use: 'sig', kid: `${algorithm}-${randomUUID()}` });
  }
  return keys;
}

function keyFor(keys, algorithm) {
  return keys.find((key) => (algorithm[0] === 'R' || algorithm[0] === 'P' ? key.kty === 'RSA' : key.kid.startsWith(algorithm)));
}

function clients() {
  const common = { redirect_uris: ['https://proxy.test/callback'], grant_types: ['authorization_code'], response_types: ['code'] };
  return [
    { client_id: 'bulkhead', client_secret: 'client secret: of+bulkhead&co', ...common },
    { client_id: 'public', token_endpoint_auth_method: 'none', ...common },
    { client_id: 'other', client_secret: 'other-secret', ...common },
  ];
}

function makeProvider(keys, adapter) {
  return new Provider(issuer, {
    adapter,
    clients: clients(),
    jwks: { keys },
    enabledJWA: { idTokenSigningAlgValues: kinds },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => (people[id] ? { accountId: id, claims: () => claimsOf(id) } : undefined),
    extraTokenClaims: (_, token) => (token.accountId ? people[token.accountId] : undefined),
    cookies: { keys: ['test'] },
    ttl: { AccessToken: 600, IdToken: 600, Grant: 600, Interaction: 600, Session: 600 },
    features: {
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false },
    },
  });
}

// oidc-provider's memory adapter is one a model and provider; this one outlives a change of keys.
const stores = new Map();
class Memory {
  constructor(name) {
    if (!stores.has(name)) stores.set(name, new Map());
    this.store = stores.get(name);
  }
  async upsert(id, payload) { this.store.set(id, payload); }
  async find(id) { return this.store.get(id); }
  async findByUid(uid) { return [...this.store.values()].find((each) => each.uid === uid); }
  async findByUserCode(code) { return [...this.store.values()].find((each) => each.userCode === code); }
  async destroy(id) { this.store.delete(id); }
  async revokeByGrantId(grant) { for (const [id, each] of this.store) if (each.grantId === grant) this.store.delete(id); }
  async consume(id) { this.store.get(id).consumed = Math.floor(Date.now() / 1000); }
}

let keys = await newKeys();
const foreign = await newKeys();
let provider = makeProvider(keys, Memory);
const counts = {};

async function token({ user, audience = 'bulkhead', format = 'opaque', algorithm = 'RS256', client = 'bulkhead' }) {
  const found = await provider.Client.find(client);
  const grant = new provider.Grant({ accountId: user, clientId: client });
  grant.addOIDCScope('openid profile email groups');
  const grantId = await grant.save();
  const made = new provider.AccessToken({ accountId: user, client: found, grantId, gty: 'authorization_code', scope: 'openid profile email groups' });
  if (format === 'jwt')
    made.resourceServer = new provider.ResourceServer(audience, { audience, accessTokenFormat: 'jwt', scope: 'openid profile email groups', jwt: { sign: { alg: algorithm } } });
  return made.save();
}

async function sign({ header = {}, claims, key = 'current', algorithm = 'RS256' }) {
  const jwk = keyFor(key === 'foreign' ? foreign : keys, algorithm);
  const full = { alg: algorithm, kid: jwk.kid, ...header };
  for (const name of Object.keys(full)) if (full[name] === null) delete full[name];
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: 'bulkhead', sub: 'alice', preferred_username: 'alice', groups: ['developers'], iat: now, exp: now + 600, ...claims };
  for (const name of Object.keys(payload)) if (payload[name] === null) delete payload[name];
  return new jose.CompactSign(new TextEncoder().encode(JSON.stringify(payload))).setProtectedHeader(full)
    .sign(await jose.importJWK(jwk, algorithm), { crit: { exp: true } });
}

async function rotate({ keep = false }) {
  const made = await newKeys();
  const old = keys;
  keys = keep ? [...made, ...old] : made;
  provider = makeProvider(keys, Memory);
  return { kids: keys.map((key) => key.kid) };
}

function forms() {
  const { kty, n, e } = keyFor(keys, 'RS256');
  const key = createPublicKey({ key: { kty, n, e }, format: 'jwk' });
  return {
    spki: key.export({ type: 'spki', format: 'pem' }), pkcs1: key.export({ type: 'pkcs1', format: 'pem' }),
    der: key.export({ type: 'spki', format: 'der' }).toString('base64'), n, kid: keyFor(keys, 'RS256').kid,
  };
}

const actions = {
  '/test/token': async (body) => ({ token: await token(body) }),
  '/test/sign': async (body) => ({ token: await sign(body) }),
  '/test/rotate': rotate,
  '/test/revoke': async (body) => { await (await provider.AccessToken.find(body.token)).destroy(); return {}; },
  '/test/counts': async () => counts,
  '/test/public': async () => forms(),
};

async function readBody(request) {
  let text = '';
  for await (const part of request) text += part;
  return text ? JSON.parse(text) : {};
}

const server = createServer({ cert: readFileSync(process.env.CERTIFICATE), key: readFileSync(process.env.KEY) }, async (request, response) => {
  const path = request.url.split('?')[0];
  counts[path] = (counts[path] ?? 0) + 1;
  if (!actions[path]) return provider.callback()(request, response);
  try {
    const answer = await actions[path](await readBody(request));
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});
server.listen(port, '127.0.0.1', () => console.log('ready'));
