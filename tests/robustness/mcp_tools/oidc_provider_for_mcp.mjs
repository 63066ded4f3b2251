// oidc-provider with people who always agree:  node FILE PACKAGE CLIENT SCOPES
//
// It prints its origin, and ends when its input ends.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// oidc-provider 9 needs URL.parse, which Node 20 does not have.
URL.parse ??= (text) => (URL.canParse(text) ? new URL(text) : null);

const [packages, client, scope] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(createRequire(packages).resolve('oidc-provider')));

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'first', alg: 'ES256', use: 'sig' };

let handler;
const server = createServer((request, response) => handler(request, response));
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const origin = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(origin, {
  clients: [JSON.parse(client)],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, audience) => ({ scope, audience, accessTokenFormat: 'jwt' }),
    },
  },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [key] },
  scopes: scope.split(' '),
});

async function agree(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
    return;
  }
  const grant = (grantId && await provider.Grant.find(grantId))
    || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(' '));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(
    request, response, { consent }, { mergeWithLastSubmission: true },
  );
}

const routes = provider.callback();
handler = (request, response) => {
  const respond = request.url.startsWith('/interaction/') ? agree : routes;
  Promise.resolve(respond(request, response)).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
};

console.log(origin);
process.stdin.resume().on('end', () => process.exit());
