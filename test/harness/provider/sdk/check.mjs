// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Has the provider's own SDK use the stand-in, and prints what it made of it as JSON:
//   node check.mjs API_URL KEY SECRET SESSION_ID RECORDING_ID, with {body, signature} on standard input.
import { readFileSync } from "node:fs";
import { VideoSDK } from "@videosdk.live/server-sdk";

const [apiEndpoint, apiKey, secret, sessionId, recordingId] = process.argv.slice(2);
const client = new VideoSDK({ apiEndpoint, apiKey, secret, maxRetries: 0 });
const { body, signature } = JSON.parse(readFileSync(0, "utf8"));
const all = async (page) => {
  const entries = [];
  for await (const entry of await page) entries.push(entry);
  return entries;
};
const failure = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return { name: error.name, message: error.message, status: error.httpStatus };
  }
};
const result = {
  sessions: (await all(client.sessions.list({ perPage: 7, startDate: 1 }))).map((session) => session.id),
  recordings: await all(client.recordings.list({ sessionId, perPage: 2 })),
  recording: await client.recordings.get(recordingId),
  event: await client.webhooks.verify(body, signature),
  forged: await failure(client.webhooks.verify(body.replace("recording", "recorded"), signature)),
  unauthorized: await failure(new VideoSDK({ apiEndpoint, apiKey, secret: "another", maxRetries: 0 }).sessions.list()),
};
await client.recordings.delete(recordingId);
result.deleted = await failure(client.recordings.get(recordingId));
result.remaining = (await all(client.recordings.list({ sessionId }))).map((recording) => recording.id);
console.log(JSON.stringify(result));
