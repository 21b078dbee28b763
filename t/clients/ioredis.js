// ioredis - the ordinary work of a program that uses it: node ioredis.js PORT
'use strict';
const assert = require('assert');
const Redis = require('ioredis');

async function main() {
	const r = new Redis(+process.argv[2], '127.0.0.1');

	assert.strictEqual(await r.set('k', 'v'), 'OK');
	assert.strictEqual(await r.get('k'), 'v');
	assert.strictEqual(await r.get('none'), null);
	assert.strictEqual(await r.set('k', 'w', 'EX', 100, 'NX'), null);
	assert.strictEqual(await r.set('k', 'w', 'EX', 100), 'OK');
	assert.ok(await r.ttl('k') > 90);
	const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
	await r.set('bin', all);
	assert.ok((await r.getBuffer('bin')).equals(all));

	await r.hset('h', { a: 1, b: 'two' });
	assert.deepStrictEqual(await r.hgetall('h'), { a: '1', b: 'two' });
	assert.strictEqual(await r.rpush('l', 1, 2, 3), 3);
	assert.deepStrictEqual(await r.lrange('l', 0, -1), ['1', '2', '3']);
	await r.sadd('s', 'x', 'y');
	assert.deepStrictEqual((await r.smembers('s')).sort(), ['x', 'y']);
	await r.zadd('z', 1, 'a', 2.5, 'b');
	assert.deepStrictEqual(await r.zrange('z', 0, -1, 'WITHSCORES'),
		['a', '1', 'b', '2.5']);

	const piped = await r.pipeline().set('p', 1).incr('p').lpush('p', 1)
		.exec();
	assert.deepStrictEqual(piped[1], [null, 2]);
	assert.match(piped[2][0].message, /^WRONGTYPE/);
	const done = await r.multi().incr('p').get('p').exec();
	assert.deepStrictEqual(done, [[null, 3], [null, '3']]);
	const many = r.pipeline();
	for (let i = 0; i < 2000; i++)
		many.set('many:' + i, i);
	assert.strictEqual((await many.exec()).length, 2000);

	let seen = 0;
	for await (const keys of r.scanStream({ match: 'many:*', count: 100 }))
		seen += keys.length;
	assert.ok(seen >= 2000);

	const waiter = r.duplicate();
	const popped = waiter.blpop('queue', 5);
	await r.rpush('queue', 'job');
	assert.deepStrictEqual(await popped, ['queue', 'job']);

	const sub = r.duplicate();
	const heard = [];
	const enough = new Promise((resolve) => {
		const hear = (...m) => heard.push(m) === 5 && resolve();

		sub.on('message', hear);
		sub.on('pmessage', hear);
		sub.on('smessage', hear);
	});
	assert.strictEqual(await sub.subscribe('news', 'more'), 2);
	assert.strictEqual(await sub.psubscribe('n*'), 3);
	assert.strictEqual(await sub.ssubscribe('shard'), 1);
	assert.deepStrictEqual(await r.pipeline().set('p', 1)
		.publish('news', 'a').publish('more', 'b').publish('none', 'c')
		.publish('nothing', 'd').exec(), ['OK', 2, 1, 1, 1]
		.map((x) => [null, x]));
	await enough;
	assert.deepStrictEqual(heard, [['news', 'a'], ['n*', 'news', 'a'],
		['more', 'b'], ['n*', 'none', 'c'], ['n*', 'nothing', 'd']]);
	assert.strictEqual(await r.spublish('shard', 'x'), 1);
	assert.deepStrictEqual(await r.pubsub('NUMSUB', 'news'), ['news', 1]);
	assert.strictEqual(await sub.unsubscribe('news', 'more'), 1);
	assert.strictEqual(await sub.punsubscribe('n*'), 0);
	sub.disconnect();

	await r.flushall();
	assert.strictEqual(await r.dbsize(), 0);
	waiter.disconnect();
	assert.strictEqual(await r.quit(), 'OK');
}

main().catch((e) => { console.error(e); process.exit(1); });
