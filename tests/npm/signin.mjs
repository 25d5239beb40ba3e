// Signs in to a simulated tenant as any JavaScript program does, and prints the token, or the error's text.
// Environment: AUTHORITY, TENANT, CLIENT_ID, CLIENT_SECRET, SCOPE; NODE_EXTRA_CA_CERTS names the simulator's CA.
import { ClientSecretCredential } from "@azure/identity";

const { AUTHORITY, TENANT, CLIENT_ID, CLIENT_SECRET, SCOPE } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, {
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
  retryOptions: { maxRetries: 0 },
});
try {
  const { token, expiresOnTimestamp } = await credential.getToken(SCOPE);
  console.log(JSON.stringify({ token, expires: expiresOnTimestamp }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
