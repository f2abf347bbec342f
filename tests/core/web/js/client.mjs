// What a dashboard does, with the client library as it comes from npm. Prints what it saw as JSON.
import {
  callService,
  createConnection,
  createLongLivedTokenAuth,
  ERR_INVALID_AUTH,
  getConfig,
  getStates,
  getUser,
  subscribeEntities,
  subscribeServices,
} from "home-assistant-js-websocket";
import WebSocket from "ws";

globalThis.WebSocket = WebSocket;
const [address, token] = process.argv.slice(2);
const wait = (subscribe, accepts) =>
  new Promise((resolve) => {
    const stop = subscribe((value) => {
      if (accepts(value)) {
        queueMicrotask(() => stop());
        resolve(value);
      }
    });
  });

let refusal = null;
try {
  await createConnection({ auth: createLongLivedTokenAuth(address, "wrong"), setupRetry: 0 });
} catch (code) {
  refusal = code === ERR_INVALID_AUTH;
}
const connection = await createConnection({ auth: createLongLivedTokenAuth(address, token) });
const follow = (accepts) => wait((listener) => subscribeEntities(connection, listener), accepts);
const states = await getStates(connection);
const services = await wait((listener) => subscribeServices(connection, listener), (found) => "lamp" in found);
const events = [];
await connection.subscribeEvents((event) => events.push(event.data), "bell");
const before = await follow((entities) => "light.desk" in entities);
const turned = follow((entities) => entities["light.desk"]?.state === "on");
const answer = await callService(connection, "lamp", "turn", { to: "on" }, undefined, true);
const after = await turned;
await connection.ping();
console.log(
  JSON.stringify({
    version: connection.haVersion,
    refusal,
    states: states.map((state) => state.entity_id),
    config: (await getConfig(connection)).version,
    user: (await getUser(connection)).name,
    services: Object.keys(services.lamp),
    before: before["light.desk"].state,
    after: after["light.desk"],
    answer: answer.response,
    events,
  }),
);
connection.close();
