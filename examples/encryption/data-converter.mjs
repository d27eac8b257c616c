// A data converter that encrypts every payload (AES-256-GCM), failures' texts included. The server and its UI then hold ciphertext only:
// inputs, results, heartbeats, memo, summaries and current details. Names of workflows, activities and queues stay readable.
// The key is 32 bytes in base64, in the environment of every Worker and client: `openssl rand -base64 32`.
//   finetune worker --data-converter ./data-converter.mjs
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { METADATA_ENCODING_KEY } from '@temporalio/common';
import protos from '@temporalio/proto';

const { Payload } = protos.temporal.api.common.v1;
const ENCODING = 'binary/encrypted';
const [NONCE_BYTES, TAG_BYTES] = [12, 16];

/**
 * A codec for one key.
 *
 * @param {Buffer} key
 * @returns {import('@temporalio/common').PayloadCodec}
 */
function encryptionCodec(key) {
  /** @param {import('@temporalio/common').Payload} payload */
  const seal = (payload) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const sealed = [cipher.update(Payload.encode(payload).finish()), cipher.final()];
    return {
      metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING) },
      data: Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]),
    };
  };
  /** @param {import('@temporalio/common').Payload} payload */
  const open = (payload) => {
    if (Buffer.from(payload.metadata?.[METADATA_ENCODING_KEY] ?? []).toString() !== ENCODING) return payload;
    const data = Buffer.from(payload.data ?? []);
    const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Payload.decode(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]));
  };
  return {
    encode: (payloads) => Promise.resolve(payloads.map(seal)),
    decode: (payloads) => Promise.resolve(payloads.map(open)),
  };
}

function keyOf(text = '') {
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32)
    throw new Error('FINETUNE_PAYLOAD_KEY: 32 bytes in base64 are needed (openssl rand -base64 32)');
  return key;
}

export const dataConverter = {
  payloadCodecs: [encryptionCodec(keyOf(process.env.FINETUNE_PAYLOAD_KEY))],
  failureConverterPath: fileURLToPath(new URL('./failure-converter.mjs', import.meta.url)),
};
