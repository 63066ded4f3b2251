// oidc-provider as an authorization server on loopback:  node oidc_provider.mjs PACKAGES CLIENTS
//
// Each input line has the names of the keys that it uses from then on; the first one signs. It
// ends when its input ends.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// oidc-provider 9 needs URL.parse, which Node 20 does not have.
URL.parse ??= (text) => (URL.canParse(text) ? new URL(text) : null);

const [packages, clients] = process.argv.slice(2);
const entryPoint = createRequire(packages).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(entryPoint));

const keys = new Map();

function keyNamed(kid) {
  if (!keys.has(kid)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    keys.set(kid, { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });
  }
  return keys.get(kid);
}

// Tokens for a resource are JWTs, unless its name contains `opaque`.
function resourceServer(_, resource) {
  const accessTokenFormat = resource.includes('opaque') ? 'opaque' : 'jwt';
  return { scope: 'read write', audience: resource, accessTokenFormat };
}

function providerWith(kids) {
  return new Provider(origin, {
    clients: JSON.parse(clients),
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      introspection_signed_response_alg: 'ES256',
    },
    jwks: { keys: kids.map(keyNamed) },
    scopes: ['read', 'write'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
      revocation: { enabled: true },
    },
  }).callback();
}

let handler;
const server = createServer((request, response) => handler(request, response));
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const origin = `http://127.0.0.1:${server.address().port}`;
handler = providerWith(['first']);
console.log(origin);

for await (const order of createInterface({ input: process.stdin })) {
  handler = providerWith(JSON.parse(order).keys);
  console.log('done');
}
process.exit();
