// Reads what the server keeps encoded: payloads of histories, heartbeats and failures.
import type { LoadedDataConverter, Payload } from '@temporalio/common';

/** A payload's value, also when the client's data converter encodes payloads. */
export async function decodePayload<T>(
  payload: Payload,
  { payloadCodecs, payloadConverter }: LoadedDataConverter,
): Promise<T> {
  let payloads = [payload];
  for (const codec of [...payloadCodecs].reverse()) payloads = await codec.decode(payloads);
  return payloadConverter.fromPayload<T>(payloads[0]!);
}
