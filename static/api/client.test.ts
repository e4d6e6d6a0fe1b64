import { describe, expect, test } from 'vitest';
import { Client, ProblemError } from './client';

interface Sent {
  url: string;
  init: RequestInit;
}

function clientThatAnswers(...answers: (Response | Error)[]): { client: Client; sent: Sent[] } {
  const sent: Sent[] = [];
  const client = new Client({
    fetch: (url, init) => {
      sent.push({ url, init: init ?? {} });
      const answer = answers.shift();
      return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new TypeError('no answer prepared'));
    },
  });
  return { client, sent };
}

const problem = (status: number, body: object): Response => new Response(JSON.stringify(body), { status });

async function thrownBy(promise: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

describe('a change', () => {
  const change = { change_id: 'c', created: [], updated: [], deleted: ['x'] };

  test('names the revision it was made on', async () => {
    const { client, sent } = clientThatAnswers(Response.json({ revision: 8, change_id: 'c', committed_at: '' }));
    await client.postChange('a/b', 7, change);
    expect(sent[0]?.url).toBe('/api/v1/assets/a%2Fb/annotations/changes');
    expect(sent[0]?.init.method).toBe('POST');
    expect(sent[0]?.init.headers).toMatchObject({ 'If-Match': '"7"', 'Content-Type': 'application/json' });
    expect(JSON.parse(sent[0]?.init.body as string)).toEqual(change);
  });

  test('on a stale revision throws what the server is at', async () => {
    const { client } = clientThatAnswers(
      problem(412, { type: '/problems/stale-revision', title: 'Stale', detail: 'Somebody was faster.', reference: '12ab', current_revision: 9 }),
    );
    const error = await thrownBy(client.postChange('a', 7, change));
    expect(error).toMatchObject({ status: 412, type: 'stale-revision', currentRevision: 9, reference: '12ab', detail: 'Somebody was faster.' });
  });

  test('without an answer throws status 0 and says the server is away', async () => {
    const { client } = clientThatAnswers(new TypeError('Failed to fetch'));
    const seen: boolean[] = [];
    client.onReachable = (reachable) => seen.push(reachable);
    const error = await thrownBy(client.postChange('a', 7, change));
    expect(error.status).toBe(0);
    expect(error.isOffline).toBe(true);
    expect(seen).toEqual([false]);
  });
});

describe('a session', () => {
  test('that does not exist is null, and nobody is told that it ended', async () => {
    const { client } = clientThatAnswers(problem(401, { type: '/problems/unauthenticated' }));
    let ended = 0;
    client.onUnauthenticated = () => (ended += 1);
    expect(await client.session()).toBeNull();
    expect(ended).toBe(0);
  });

  test('that ends under a page is told once, and the request fails', async () => {
    const { client } = clientThatAnswers(problem(401, {}));
    let ended = 0;
    client.onUnauthenticated = () => (ended += 1);
    expect((await thrownBy(client.listCases())).status).toBe(401);
    expect(ended).toBe(1);
  });

  test('is not called ended when the password was wrong', async () => {
    const { client } = clientThatAnswers(problem(401, {}));
    let ended = 0;
    client.onUnauthenticated = () => (ended += 1);
    await thrownBy(client.login('anna', 'wrong'));
    expect(ended).toBe(0);
  });

  test('ends without a body to read', async () => {
    const { client } = clientThatAnswers(new Response(null, { status: 204 }));
    await expect(client.logout()).resolves.toBeUndefined();
  });
});

test('a list asks for what was chosen and for nothing else', async () => {
  const { client, sent } = clientThatAnswers(Response.json({ items: [], next_cursor: null }));
  await client.listAssets({ caseId: 'c 1', state: null, cursor: undefined as unknown as null, limit: 20 });
  expect(sent[0]?.url).toBe('/api/v1/assets?case_id=c+1&limit=20');
});

test('a window of annotations is four numbers', async () => {
  const { client, sent } = clientThatAnswers(Response.json({ type: 'FeatureCollection', features: [], revision: 0 }));
  await client.getAnnotations('a', { bbox: [0, 0.5, 10, 20] });
  expect(sent[0]?.url).toBe('/api/v1/assets/a/annotations?bbox=0%2C0.5%2C10%2C20');
});

test('a wait that the server asks for arrives in seconds', async () => {
  const { client } = clientThatAnswers(new Response('{}', { status: 429, headers: { 'Retry-After': '45' } }));
  expect((await thrownBy(client.login('a', 'b'))).retryAfterS).toBe(45);
});

test.each([
  ['a proxy’s page of HTML', '<html>Bad Gateway</html>'],
  ['nothing', ''],
  ['JSON that is no object', '[]'],
])('an error with %s still is a sentence', async (_what, body) => {
  const { client } = clientThatAnswers(new Response(body, { status: 502 }));
  expect((await thrownBy(client.getSlide('a'))).detail).toBe('The server is not answering. Try again in a moment.');
});

describe('a video', () => {
  const url = '/api/v1/videos/v/samples';

  test('hands out frames with their numbers, as the server counts them', async () => {
    const headers = { 'Slidereel-First-Frame': '96', 'Slidereel-Frame-Count': '3' };
    const { client, sent } = clientThatAnswers(new Response(new Uint8Array([1, 2, 3, 4]), { headers }));
    const { firstFrame, frameCount, bytes } = await client.samples(url, 100, 600);
    expect(sent[0]?.url).toBe('/api/v1/videos/v/samples?start=100&count=600');
    expect([firstFrame, frameCount, bytes.byteLength]).toEqual([96, 3, 4]);
  });

  test.each([{}, { 'Slidereel-First-Frame': '0' }, { 'Slidereel-First-Frame': '-1', 'Slidereel-Frame-Count': '3' }])(
    'never guesses which frames came: %o',
    async (headers) => {
      const { client } = clientThatAnswers(new Response('x', { headers: headers as Record<string, string> }));
      expect((await thrownBy(client.samples(url, 0, 1))).type).toBe('unreadable-answer');
    },
  );

  test('whose bytes break off half way is a server that is away', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError('network error')) });
    const { client } = clientThatAnswers(new Response(body, { headers: { 'Slidereel-First-Frame': '0', 'Slidereel-Frame-Count': '1' } }));
    expect((await thrownBy(client.samples(url, 0, 1))).isOffline).toBe(true);
  });

  test('says its times as they are', async () => {
    const times = new Float64Array([0, 0.04, 0.1]);
    const { client } = clientThatAnswers(new Response(times), new Response(new Uint8Array(9)));
    expect([...(await client.times('/api/v1/videos/v/times'))]).toEqual([...times]);
    expect((await thrownBy(client.times('/api/v1/videos/v/times'))).type).toBe('unreadable-answer');
  });

  test('is released as it was seen, with the losses that a person has confirmed', async () => {
    const { client, sent } = clientThatAnswers(Response.json({}), Response.json({}));
    await client.release('v', 'ab12');
    await client.release('v', null, { confirmLosses: true });
    expect(sent.map((s) => s.init.body)).toEqual([
      '{"canonical_sha256":"ab12","confirm_losses":false}',
      '{"canonical_sha256":null,"confirm_losses":true}',
    ]);
  });
});

describe('a review', () => {
  test('is asked for, sent back and decided about at the addresses of its asset', async () => {
    const { client, sent } = clientThatAnswers(...Array.from({ length: 4 }, () => Response.json({})));
    await client.getReview('a/b');
    await client.scrubAgain('a/b', { profile: 'strict', add: [], remove: [] });
    await client.reject('a/b', 'wrong-file');
    await client.getDeidPolicy();
    expect(sent.map(({ url, init }) => `${init.method} ${url}`)).toEqual([
      'GET /api/v1/assets/a%2Fb/review',
      'POST /api/v1/assets/a%2Fb/scrub',
      'POST /api/v1/assets/a%2Fb/reject',
      'GET /api/v1/deid/policy',
    ]);
    expect(sent[1]?.init.body).toBe('{"profile":"strict","add":[],"remove":[]}');
    expect(sent[2]?.init.body).toBe('{"reason":"wrong-file"}');
    expect(client.scrubReportUrl('a/b', 'page')).toBe('/api/v1/assets/a%2Fb/report.html');
    expect(client.scrubReportUrl('a/b', 'json')).toBe('/api/v1/assets/a%2Fb/report');
  });

  test('never shows a picture that the browser kept', async () => {
    const { client, sent } = clientThatAnswers(new Response('jpeg'));
    await client.getPicture('/api/v1/videos/a/frames/3.jpg');
    expect(sent[0]?.url).toBe('/api/v1/videos/a/frames/3.jpg');
    expect(sent[0]?.init.cache).toBe('reload');
  });
});
