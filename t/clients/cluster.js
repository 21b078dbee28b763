// cluster - programs of a cluster, while others order what happens to it:
// node cluster.js ioredis|node_redis PORTS TAGS
//
// First the ordinary work; then keys of the tags are counted up, alone and in
// pipelines, until stdin says `stop`.  Each reply has to be the next number, and
// no error may reach a caller.  Orders are lines, answered by lines:
//
//	single   from now on no pipelines (ASK may tear them, by its nature);
//	         node-redis: nor two requests at once, as another's request may
//	         come behind its ASKING, and it gives up after four of those
//	many     with pipelines
//	look     messages to a channel and to a shard channel arrive
//	stop     every count is there
//
// Not here: what happens to the cluster (t/py/c0109_js_clients.py).
'use strict';
const assert = require('assert');
const readline = require('readline');

const ports = process.argv[3].split(',').map(Number);
const tags = process.argv[4].split(',');

async function ioredis() {
	const Redis = require('ioredis');
	const c = new Redis.Cluster(
		ports.map((port) => ({ host: '127.0.0.1', port })),
		{ shardedSubscribers: true, slotsRefreshTimeout: 5000 });

	c.on('error', fail);
	assert.strictEqual((await c.cluster('SLOTS')).length, 3);
	assert.strictEqual(c.nodes('slave').length, 3);
	assert.match((await c.mget('{a}1', '{b}1').catch((e) => e)).message,
		/^CROSSSLOT/);
	assert.deepStrictEqual(
		await c.multi().set('{a}m', 1).incr('{a}m').exec(),
		[[null, 'OK'], [null, 2]]);
	const hear = {};
	c.on('message', (channel, text) => hear[channel](text));
	c.on('smessage', (channel, text) => hear[channel](text));
	return {
		set: (key, value) => c.set(key, value),
		get: (key) => c.get(key),
		mget: (...keys) => c.mget(...keys),
		incr: (key) => c.incr(key),
		all: async (keys) => (await keys.reduce((p, key) => p.incr(key),
			c.pipeline()).exec()).map(([error, n]) => {
			if (error)
				throw error;
			return n;
		}),
		publish: (channel, text) => c.publish(channel, text),
		spublish: (channel, text) => c.spublish(channel, text),
		subscribe: (channel, f) => {
			hear[channel] = f;
			return c.subscribe(channel);
		},
		ssubscribe: (channel, f) => {
			hear[channel] = f;
			return c.ssubscribe(channel);
		},
		close: () => c.disconnect(),
	};
}

async function node_redis() {
	const redis = require('redis');
	// Without replicas it cuts off its own requests when a primary becomes
	// one.
	const c = redis.createCluster({
		rootNodes: ports.map((port) => ({
			socket: { host: '127.0.0.1', port } })),
		useReplicas: true,
	});

	c.on('error', fail);
	await c.connect();
	assert.strictEqual(c.masters.length, 3);
	assert.strictEqual(c.replicas.length, 3);
	await assert.rejects(c.mSet({ '{a}1': '1', '{b}1': '1' }), /CROSSSLOT/);
	assert.deepStrictEqual(
		await c.multi().set('{a}m', '1').incr('{a}m').exec(), ['OK', 2]);
	return {
		set: (key, value) => c.set(key, value),
		// From a replica it might be older.
		get: (key) => c.sendCommand(key, false, ['GET', key]),
		mget: (...keys) => c.sendCommand(keys[0], false,
			['MGET', ...keys]),
		incr: (key) => c.incr(key),
		all: (keys) => keys.reduce((m, key) => m.incr(key), c.multi())
			.execAsPipeline(),
		publish: (channel, text) => c.publish(channel, text),
		spublish: (channel, text) => c.sPublish(channel, text),
		subscribe: (channel, f) => c.subscribe(channel, f),
		ssubscribe: (channel, f) => c.sSubscribe(channel, f),
		// Version 4 listens to `server-sunsubscribe` and tells
		// `sharded-channel-moved`: programs subscribe again themselves.
		forgets: true,
		shares_asking: true,
		close: () => c.disconnect(),
	};
}

function fail(e) {
	console.error(e);
	process.exit(1);
}

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const count = {};
let has_many = true, is_over = false, done = 0;

// In turns, when they are single and would take each other's ASKING.
let last = Promise.resolve();

function incr(c, key) {
	if (has_many || !c.shares_asking)
		return c.incr(key);
	last = last.then(() => c.incr(key));
	return last;
}

async function work(c, number) {
	for (let i = number; !is_over; i++) {
		const tag = '{' + tags[i % tags.length] + '}' +
			process.argv[2] + number;
		const keys = has_many && i % 5 === 0 ?
			[tag, tag + 'b', tag, tag + 'c', tag] : [tag];
		const got = keys.length > 1 ? await c.all(keys) :
			[await incr(c, tag)];

		assert.strictEqual(got.length, keys.length);
		keys.forEach((key, k) => {
			count[key] = (count[key] || 0) + 1;
			assert.strictEqual(got[k], count[key], key);
		});
		done += got.length;
	}
}

let numbers = 0;

// A message that is sent now arrives, of both kinds; within 5 s of trying.
async function look(c, heard, shard, hear) {
	const begun = Date.now();

	for (;;) {
		const text = process.pid + ':' + ++numbers;

		// Each time: that the channel has moved may be heard only now.
		if (c.forgets)
			await c.ssubscribe(shard, hear);
		await c.publish('news', text);
		await c.spublish(shard, text);
		for (let i = 0; i < 20; i++) {
			if (heard.news.has(text) && heard.shard.has(text))
				return;
			await later(5);
		}
		assert.ok(Date.now() - begun < 5000, 'messages do not come: ' +
			heard.news.has(text) + ' ' + heard.shard.has(text));
	}
}

async function main() {
	const c = await { ioredis, node_redis }[process.argv[2]]();
	const heard = { news: new Set(), shard: new Set() };
	const shard = '{' + tags[0] + '}shard';
	const hear = (text) => heard.shard.add(text);

	for (let i = 0; i < 100; i++)
		await c.set('k' + i, String(i));
	assert.deepStrictEqual(await Promise.all(Array.from({ length: 100 },
		(_, i) => c.get('k' + i))),
		Array.from({ length: 100 }, (_, i) => String(i)));
	await c.set('{a}x', '1');
	assert.deepStrictEqual(await c.mget('{a}x', '{a}none'), ['1', null]);
	await c.subscribe('news', (text) => heard.news.add(text));
	await c.ssubscribe(shard, hear);
	await look(c, heard, shard, hear);

	const workers = [0, 1, 2].map((i) => work(c, i));
	Promise.all(workers).catch(fail);
	console.log('ready');
	for await (const line of readline.createInterface(process.stdin)) {
		if (line === 'stop')
			break;
		if (line === 'look')
			await look(c, heard, shard, hear);
		else
			has_many = line === 'many';
		console.log('done ' + done);
	}
	is_over = true;
	await Promise.all(workers);
	for (const key of Object.keys(count))
		assert.strictEqual(await c.get(key), String(count[key]), key);
	console.log('stopped ' + done);
	await c.close();
	process.exit(0);
}

main().catch(fail);
