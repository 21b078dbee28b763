// node_redis - the ordinary work of a program that uses the package `redis`:
// node node_redis.js PORT
'use strict';
const assert = require('assert');
const redis = require('redis');

async function main() {
	const c = redis.createClient({
		socket: { port: +process.argv[2], host: '127.0.0.1' },
	});
	await c.connect();

	assert.strictEqual(await c.set('k', 'v'), 'OK');
	assert.strictEqual(await c.get('k'), 'v');
	assert.strictEqual(await c.get('none'), null);
	assert.strictEqual(await c.set('k', 'w', { GET: true, EX: 50 }), 'v');
	assert.strictEqual(await c.incrBy('n', 5), 5);
	assert.strictEqual(await c.exists(['k', 'n', 'none']), 2);

	assert.strictEqual(await c.hSet('h', { a: '1', b: '2' }), 2);
	assert.deepStrictEqual({ ...await c.hGetAll('h') }, { a: '1', b: '2' });
	assert.strictEqual(await c.rPush('l', ['a', 'b']), 2);
	assert.deepStrictEqual(await c.lRange('l', 0, -1), ['a', 'b']);
	await c.sAdd('s', ['x', 'y']);
	assert.deepStrictEqual((await c.sMembers('s')).sort(), ['x', 'y']);
	await c.zAdd('z', [{ score: 1, value: 'a' }, { score: 2.5, value: 'b' }]);
	assert.deepStrictEqual(await c.zRangeWithScores('z', 0, -1),
		[{ value: 'a', score: 1 }, { value: 'b', score: 2.5 }]);

	assert.deepStrictEqual(
		await c.multi().set('m', '1').incr('m').get('m').exec(),
		['OK', 2, '2']);
	const many = [];
	for (let i = 0; i < 2000; i++)
		many.push(c.set('many:' + i, String(i)));
	assert.ok((await Promise.all(many)).every((x) => x === 'OK'));
	let seen = 0;
	for await (const key of c.scanIterator({ MATCH: 'many:*', COUNT: 100 }))
		seen += key.length > 0;
	assert.ok(seen >= 2000);
	await assert.rejects(c.lPush('k', 'x'), /WRONGTYPE/);

	const waiter = c.duplicate();
	await waiter.connect();
	const popped = waiter.blPop('queue', 5);
	await c.rPush('queue', 'job');
	assert.deepStrictEqual({ ...await popped },
		{ key: 'queue', element: 'job' });

	const sub = c.duplicate();
	const heard = [];
	let enough;
	const all = new Promise((resolve) => { enough = resolve; });
	const hear = (...m) => heard.push(m) === 3 && enough();

	await sub.connect();
	await sub.subscribe('news', hear);
	await sub.pSubscribe('n*', hear);
	await sub.sSubscribe('shard', hear);
	assert.strictEqual(await c.publish('news', 'a'), 2);
	assert.strictEqual(await c.sPublish('shard', 'b'), 1);
	await all;
	assert.deepStrictEqual(heard, [['a', 'news'], ['a', 'news'],
		['b', 'shard']]);
	assert.deepStrictEqual(await c.pubSubChannels(), ['news']);
	assert.strictEqual(await c.pubSubNumPat(), 1);
	await sub.unsubscribe('news');
	await sub.pUnsubscribe('n*');
	await sub.sUnsubscribe('shard');
	assert.strictEqual(await sub.get('k'), await c.get('k'));
	await sub.quit();

	await c.flushAll();
	assert.strictEqual(await c.dbSize(), 0);
	await waiter.quit();
	await c.quit();
}

main().catch((e) => { console.error(e); process.exit(1); });
