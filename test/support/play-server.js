// A play server of Temporal that answers as version 1.25.0, started as `temporal server start-dev`: enough of it to be found healthy.
import { Server, ServerCredentials } from '@grpc/grpc-js';

const SERVICE = '/temporal.api.workflowservice.v1.WorkflowService/';
const version = Buffer.from('1.25.0');

/** GetSystemInfoResponse: field 1, server_version. */
const systemInfo = Buffer.concat([Buffer.from([0x0a, version.length]), version]);

/** @param {string} name @param {Buffer} answer */
const method = (name, answer) => ({
  path: SERVICE + name,
  requestStream: false,
  responseStream: false,
  requestDeserialize: (/** @type {Buffer} */ bytes) => bytes,
  requestSerialize: (/** @type {Buffer} */ bytes) => bytes,
  responseDeserialize: (/** @type {Buffer} */ bytes) => bytes,
  responseSerialize: () => answer,
});

const answers = { GetSystemInfo: systemInfo, DescribeNamespace: Buffer.alloc(0), ListNamespaces: Buffer.alloc(0) };
const server = new Server();
server.addService(
  Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, method(name, answer)])),
  Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      (/** @type {unknown} */ _call, /** @type {(error: null, answer: Buffer) => void} */ done) => done(null, answer),
    ]),
  ),
);
const port = process.argv[process.argv.indexOf('--port') + 1];
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
