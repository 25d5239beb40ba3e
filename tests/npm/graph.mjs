// Fills a simulated tenant's Microsoft Graph as any JavaScript program does, with Microsoft's own client, and prints what
// it saw. Environment: AUTHORITY, GRAPH, TENANT, CLIENT_ID, CLIENT_SECRET, ACL (a tenant's ID); NODE_EXTRA_CA_CERTS names
// the simulator's CA.
import { ClientSecretCredential } from "@azure/identity";
import { BatchRequestContent, BatchResponseContent, Client, ResponseType } from "@microsoft/microsoft-graph-client";

const { AUTHORITY, GRAPH, TENANT, CLIENT_ID, CLIENT_SECRET } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, {
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
});
const client = Client.init({
  baseUrl: GRAPH,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(GRAPH).hostname]),
  authProvider: async (done) => {
    try {
      done(null, (await credential.getToken(GRAPH + "/.default")).token);
    } catch (error) {
      done(error, null);
    }
  },
});

const acl = [{ type: "everyone", value: TENANT, accessType: "grant" }];
const item = (title, services) => ({
  "@odata.type": "microsoft.graph.externalItem",
  acl,
  properties: { title, "services@odata.type": "Collection(String)", services },
  content: { type: "text", value: title },
});
const failure = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    return { status: error.statusCode, code: error.code, message: error.message };
  }
};

const seen = {};
const made = await client.api("/external/connections").post({ id: "runbooks", name: "Runbooks", description: "How to restart things" });
seen.state = made.state;
seen.hyphen = await failure(() => client.api("/external/connections").post({ id: "run-books", name: "a", description: "b" }));
const accepted = await client
  .api("/external/connections/runbooks/schema")
  .responseType(ResponseType.RAW)
  .patch({
    baseType: "microsoft.graph.externalItem",
    properties: [
      { name: "title", type: "string", isSearchable: true, isRetrievable: true, labels: ["title"] },
      { name: "services", type: "stringCollection", isQueryable: true, isRetrievable: true },
    ],
  });
seen.accepted = accepted.status;
seen.operation = (await client.api(new URL(accepted.headers.get("Location")).pathname.replace("/v1.0", "")).get()).status;
seen.put = (await client.api("/external/connections/runbooks/items/one").put(item("Renew", ["edge"]))).id;
seen.read = (await client.api("/external/connections/runbooks/items/one").get()).properties;

const request = (id, title) => ({
  id,
  request: new Request(GRAPH + "/v1.0/external/connections/runbooks/items/" + id, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(item(title, [])),
  }),
});
const batch = await new BatchRequestContent([request("two", "Restart"), request("three", "Fail over")]).getContent();
// The library keeps the version in the addresses of requests to hosts that it does not know.
for (const part of batch.requests) part.url = part.url.replace(GRAPH, "").replace("/v1.0", "");
const answered = new BatchResponseContent(await client.api("/$batch").post(batch));
seen.batch = ["two", "three"].map((id) => answered.getResponseById(id).status);

await client.api("/external/connections/runbooks/groups").post({ id: "lead", displayName: "On-call leads" });
await client.api("/external/connections/runbooks/groups/lead/members").post({ id: TENANT, type: "user" });
await client.api("/external/connections/runbooks/items/one").delete();
seen.gone = await failure(() => client.api("/external/connections/runbooks/items/one").get());
seen.connections = (await client.api("/external/connections").get()).value.map((connection) => connection.id);
console.log(JSON.stringify(seen));
