// A client of the demo with oauth4webapi:  node oauth4webapi.mjs PACKAGES ORIGIN CLIENT_ID SECRET
//
// It gets a token that is bound to a key, calls the resource with the nonce that the resource asks
// for, and prints what happened as one line of JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [packages, origin, clientId, secret] = process.argv.slice(2);
const oauth = await import(pathToFileURL(createRequire(packages).resolve('oauth4webapi')));

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(origin);
const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
const server = await oauth.processDiscoveryResponse(issuer, found);
const client = { client_id: clientId };
const keys = await oauth.generateKeyPair('ES256');
const DPoP = oauth.DPoP(client, keys);

const granted = await oauth.processClientCredentialsResponse(
  server,
  client,
  await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.ClientSecretBasic(secret),
    new URLSearchParams({ scope: 'read' }),
    { DPoP, ...insecure },
  ),
);

const url = new URL(`${origin}/v1/data/headcount`);
const call = (options) =>
  oauth.protectedResourceRequest(
    granted.access_token, 'GET', url, undefined, undefined, { ...options, ...insecure },
  );

let nonceWasRequired = false;
let response;
try {
  response = await call({ DPoP });
} catch (error) {
  if (!oauth.isDPoPNonceError(error)) throw error;
  nonceWasRequired = true;
  response = await call({ DPoP });
}
const again = await call({ DPoP });
const thief = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
const statuses = [];
for (const options of [{ DPoP: thief }, { DPoP: thief }, {}]) {
  try {
    statuses.push((await call(options)).status);
  } catch (error) {
    statuses.push(error.status);
  }
}
console.log(JSON.stringify({
  tokenType: granted.token_type,
  nonceWasRequired,
  owner: [response.status, again.status],
  thief: statuses,
}));
