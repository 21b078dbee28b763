/*
 * failover.pml - who may write while the primary's role changes hands
 *
 * One shard: P is its primary, R the replica that is asked to take over, S a
 * sibling.  V0 and V1 are two other primaries, so three vote and two are a
 * majority.  Planned failovers go from P to R.  Elections (automatic ones and
 * forced ones are the same here: anybody may suspect anybody at any time) are
 * stood for by R, S, and by P when it gave its word and R does not answer.
 *
 *   Messages     a message that was sent may arrive at any time later, often,
 *                or never: a set that only grows.  So repeating costs nothing.
 *   Deaths       of P, R, S lose all but what is durable; of a voter, too, but
 *                it votes and grants no lease before one has surely ended.  A
 *                control that restarts alone does what it does when late.
 *   Deadlines    may pass at any time.
 *   Leases       the one thing that is known of time: who was granted a lease
 *                knows that it ended before who granted it does.
 *   Quiet        at some time faults end; who is down stays down then.
 *
 * What must hold (RULES):
 *   I1  never two writers at one instant
 *   I2  in quiet, when nothing is left to do, exactly one node writes and all
 *       who are up agree whose the slots are
 *   I3  who takes over by P's word has every write that P acknowledged, and P
 *       never goes on when R acknowledged one by it
 *   I6  one epoch elects one node; and who was elected and serves never gives
 *       way to a word that was given before
 *
 * The word alone is not safe in a cluster that also elects: P may give it while
 * P is cut from the majority, which elects S at the same time.  What was added
 * to "the giver decides and the taker waits for its word":
 *   - the word hands over what is left of P's lease; R takes only while that
 *     runs, and then needs its own (BREAK_LEASE);
 *   - before it claims, R's new epoch is known to a majority none of whom voted
 *     for another (PREPARE), so no election that began before has a lower epoch
 *     and a later winner (BREAK_PREPARE).  The code does this before P
 *     stops its writes; here it may also happen later;
 *   - a shard has one seat in the majority that leases.  P's word hands it
 *     over; who was elected has it only when so many leased to it, knowing its claim,
 *     that nobody before it can have a majority again (BREAK_SEAT);
 *   - a lease passes from P to R at once, but not one that P got for an epoch
 *     after its word;
 *   - P, having given its word, tells nobody else: the cluster learns of it by
 *     R's claim, so nothing has to be undone when R is dead.  Then P stands for
 *     election like a replica, when what it handed over has surely ended, by
 *     P's clock or as R's processes have (BREAK_HANDED), and so nobody waits
 *     for the end of P's own leases; or P goes on when R says that it did not
 *     take.
 * With one or two primaries there is no lease; P is then in every majority, and
 * it is enough that it votes for nobody while it holds a token or gave its word.
 *
 * It can fail: t/model/run broken compiles each of these rules away, and
 * wants a counterexample:
 *   BREAK_TOKEN    P gives its word for a token that is dead
 *   BREAK_LEVEL    R claims before it has P's last write
 *   BREAK_VOTE     a voter votes twice in an epoch
 *   BREAK_WAIT     a voter votes while a lease that it granted runs
 *   BREAK_LEASE    R serves by the word alone
 *   BREAK_PREPARE  R's epoch is known to nobody when it claims
 *   BREAK_HANDED   P stands while R may use what P handed over
 *   BREAK_BACK     P's deadline takes back a word that was given
 *   BREAK_DURABLE  P gives its word before that is durable
 *   BREAK_FORGET   a voter that starts forgets the leases it granted
 *   BREAK_STRAND   P, having given its word, waits for R for ever
 *   BREAK_PAUSE    P's pause has no deadline
 *   BREAK_SEAT     who was elected counts itself at once
 *   BREAK_SERVE    R serves while its role is being made durable, beside it: it
 *                  loses power, comes back as a replica, says that it did not
 *                  take, and P goes on without what R acknowledged.  So two
 *                  records are forced one after the other while writers wait
 *
 * What this does not say: how long anything takes; and a replica that was
 * elected may acknowledge writes, lose its lease, and lose those to the next
 * one, as with any asynchronous replication.
 *
 * Not here: bytes, ranks, who is best (t/sim), two shards at once.
 */
#ifndef ATTEMPTS
#define ATTEMPTS 1      /* planned failovers */
#endif
#ifndef ELECTIONS
#define ELECTIONS 1     /* that somebody stands for before quiet */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef WRITES
#define WRITES 1        /* of P that are told apart */
#endif
#define EPOCHS 6        /* a run that would need more is let go */

#define P 0
#define R 1
#define S 2
#define NOBODY 3

/* a primary's */
#define GO 0            /* serves while it has a lease */
#define STOPPING 1      /* some worker may still write */
#define STOPPED 2       /* none does; R is told the offset */
#define YIELDING 3      /* that it gives its word is being made durable */
#define GIVEN 4         /* it is durable: P's word is R's */
/* a replica's */
#define REPLICA 5
#define PAUSING 6       /* asked P to stop */
#define SYNCING 7       /* knows the offset */
#define CLAIMING 8      /* wants P's word */
#define TAKING 9        /* its new role is being made durable */

byte st[3];
bit up[3];
byte cur[3];            /* epoch */
byte known[3];          /* rank of the claim that it follows or makes */
byte stands[3];         /* epoch it asks votes for, 0: none */
bit vote[6];            /* x * 2 + v: v voted for x in that epoch */
bit has[6];             /* x has a lease from v, by its own clock */

/*
 * Whether x counts itself in the majority that leases to it.  Its shard has one
 * seat; who was elected has it when so many have leased to it, knowing its
 * claim, that nobody before it can have a majority again.  Durable.
 */
bit seat[3];
bit leased[6];          /* v granted x a lease knowing x's claim */

bit vup[2];
byte vcur[2], vvoted[2], vknown[2];
byte votee[2];
byte grant[2];          /* whose lease runs, by the voter's clock */

/* A claim's rank is 2 * epoch + (1 if elected). */
byte holder[14];
bit told[14];           /* others may have heard it */
bit elected[7];

/* tokens are 1 to ATTEMPTS; what was sent, and may arrive at any time */
byte tok;               /* the last that R made */
byte epoch_of[3];
byte offsets[3];        /* bits: the offsets P told for a token */
bit claimed[3], unstop[3], granted[3], refused[3], taken[3];
bit served[3];          /* R acknowledged a write by that word */
byte claim_off[3];
bit dead[3];            /* tokens P will not stop for again, in its region */
byte ptok;
byte stale;             /* a token of which P's file may say yet: given */
byte target;            /* R's, of the token at hand */
bit prep[2];            /* voters that know R's epoch */
bit wl[2];              /* P's lease from v, handed over, still runs */
bit wseat;              /* so is P's own seat, for good */

byte poff, roff;        /* writes P acknowledged, R applied */
byte yoff;              /* those before P gave its word */
byte deaths, elections;
bit quiet, let_go;
byte k;

/* Two of three: a seat of its own, if it has one, and the voters. */
#ifdef BREAK_SEAT
#define SEAT(x) 1
#else
#define SEAT(x) seat[x]
#endif
#define LEASED(x) (has[(x) * 2] + has[(x) * 2 + 1] + SEAT(x) >= 2)
#ifdef BREAK_LEASE
#define WORD_LEASED (st[R] == GO && !(known[R] & 1))
#else
#define WORD_LEASED (wl[0] + wl[1] + SEAT(R) >= 2)
#endif
#define WRITES_P (up[P] && (st[P] == GO || st[P] == STOPPING) && LEASED(P))
#ifdef BREAK_SERVE
#define TOOK (st[R] == GO || st[R] == TAKING)
#else
#define TOOK (st[R] == GO)
#endif
#define WRITES_R (up[R] && TOOK && (LEASED(R) || WORD_LEASED))
#define WRITES_S (up[S] && st[S] == GO && LEASED(S))
#define IS_OWNER(x) (holder[known[x]] == x)
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* x learns of a greater claim, and follows it. */
inline follow(x, r)
{
	d_step {
		/* I6: never an elected one that serves, for an older word */
		assert(!(st[x] == GO && (known[x] & 1) && !(r & 1)));
		known[x] = r;
		cur[x] = MAX(cur[x], r / 2);
		st[x] = REPLICA;
		stands[x] = 0;
		seat[x] = 0;
		leased[x * 2] = 0;
		leased[x * 2 + 1] = 0;
		has[x * 2] = 0;
		has[x * 2 + 1] = 0;
		if
		:: x == R -> wl[0] = 0; wl[1] = 0; roff = 0
		:: x == P -> ptok = 0; poff = 0
		:: else
		fi
	}
}

inline stand(x)
{
	d_step {
		if
		:: cur[x] + 1 >= EPOCHS -> let_go = 1
		:: else ->
			cur[x]++;
			stands[x] = cur[x];
			vote[x * 2] = 0;
			vote[x * 2 + 1] = 0
		fi;
		if
		:: !quiet -> elections++
		:: else
		fi
	}
}

inline win(x)
{
	d_step {
		assert(!elected[stands[x]]);       /* I6 */
		elected[stands[x]] = 1;
		known[x] = 2 * stands[x] + 1;
		holder[known[x]] = x;
		stands[x] = 0;
		seat[x] = 0;
		leased[x * 2] = 0;
		leased[x * 2 + 1] = 0;
		has[x * 2] = (grant[0] == x);
		has[x * 2 + 1] = (grant[1] == x);
		st[x] = GO;
		if
		:: x == R -> wl[0] = 0; wl[1] = 0
		:: x == P -> ptok = 0; poff = 0
		:: else
		fi
	}
}

inline die(x)
{
	d_step {
		deaths++;
		up[x] = 0;
		stands[x] = 0;
		has[x * 2] = 0;
		has[x * 2 + 1] = 0;
		if
		:: x == P ->
			for (k : 1 .. ATTEMPTS) { dead[k] = 0 }
			if
			:: st[P] == GIVEN -> skip
			:: st[P] != GIVEN && IS_OWNER(P) && stale != 0 ->
				st[P] = GIVEN; ptok = stale; yoff = poff
			:: st[P] != GIVEN && IS_OWNER(P) -> st[P] = GO; ptok = 0
			:: else -> st[P] = REPLICA; ptok = 0
			fi;
			stale = 0
		:: x == R ->
			wl[0] = 0; wl[1] = 0; prep[0] = 0; prep[1] = 0;
			target = 0;
			if
			:: IS_OWNER(R) -> st[R] = GO
			:: else -> st[R] = REPLICA
			fi
		:: else
		fi
	}
}

/* Options that every node of the shard has. */
#define HEARS(x, r) (up[x] && told[r] && (r) > known[x])
#define NEEDED(x) (!up[holder[known[x]]] || \
	(x == P && st[P] == GIVEN && !up[R]))
#define MAY_STAND(x) (up[x] && stands[x] == 0 && !let_go && \
	((!quiet && elections < ELECTIONS) || (quiet && NEEDED(x))))
/* Its votes are spent: somebody has to begin anew. */
#define SPENT(x, v) (vcur[v] > stands[x] || \
	(vvoted[v] >= stands[x] && !(vote[x * 2 + v])))
#ifdef BREAK_VOTE
#define ONCE(x, v) (!vote[x * 2 + v])
#else
#define ONCE(x, v) (stands[x] > vvoted[v])
#endif
#ifdef BREAK_WAIT
#define ENDED(x, v) true
#else
#define ENDED(x, v) (grant[v] == NOBODY || \
	(x == P && st[P] == GIVEN && grant[v] == P))
#endif
#define VOTES(x, v) (up[x] && vup[v] && stands[x] != 0 && \
	stands[x] >= vcur[v] && ONCE(x, v) && known[x] >= vknown[v] && \
	ENDED(x, v))
/* P's writes went to R by its word, so its lease may, but not a later one. */
#define BY_WORD(x, v) (x == R && !(known[R] & 1) && grant[v] == P && \
	vvoted[v] <= known[R] / 2)
#define SERVES(x) (st[x] <= GIVEN && (x != P || stands[P] == 0))
#define RENEWS(x, v) (up[x] && vup[v] && SERVES(x) && told[known[x]] && \
	!has[x * 2 + v] && vknown[v] == known[x] && \
	(grant[v] == x || grant[v] == NOBODY || BY_WORD(x, v)))
#define CAN_RENEW(x, v) (up[x] && SERVES(x) && vknown[v] == known[x] && \
	told[known[x]])
#define LAPSES(x, v) (has[x * 2 + v] && (!quiet || !CAN_RENEW(x, v)))
#define EXPIRES(v) (grant[v] != NOBODY && !has[v] && !has[2 + v] && \
	!has[4 + v] && !wl[v] && (!quiet || !CAN_RENEW(grant[v], v)))

#define RANKS(x, opt) \
	:: opt(x, 2) :: opt(x, 3) :: opt(x, 4) :: opt(x, 5) :: opt(x, 6) \
	:: opt(x, 7) :: opt(x, 8) :: opt(x, 9) :: opt(x, 10) :: opt(x, 11)
#define HEAR(x, r) HEARS(x, r) -> follow(x, r)
#define VHEAR(v, r) vup[v] && told[r] && r > vknown[v] -> \
	d_step { vknown[v] = r; vcur[v] = MAX(vcur[v], r / 2) }

#define NODE(x) \
	RANKS(x, HEAR) \
	:: up[x] && IS_OWNER(x) && !told[known[x]] -> told[known[x]] = 1 \
	:: up[x] && stands[x] != 0 && vote[x * 2] && vote[x * 2 + 1] -> win(x) \
	:: up[x] && stands[x] != 0 && (SPENT(x, 0) || SPENT(x, 1)) -> \
		stands[x] = 0 \
	:: !quiet && up[x] && deaths < DEATHS -> die(x) \
	:: !quiet && !up[x] -> up[x] = 1

#define PAIR(x, v) \
	:: VOTES(x, v) -> d_step { \
		vcur[v] = stands[x]; vvoted[v] = stands[x]; votee[v] = x; \
		grant[v] = x; vote[x * 2 + v] = 1 } \
	:: RENEWS(x, v) -> d_step { grant[v] = x; has[x * 2 + v] = 1; \
		leased[x * 2 + v] = 1; \
		seat[x] = seat[x] || (leased[x * 2] && leased[x * 2 + 1]) } \
	:: LAPSES(x, v) -> has[x * 2 + v] = 0

#ifdef BREAK_FORGET
#define VBOOT(v) d_step { vup[v] = 1; grant[v] = NOBODY }
#else
#define VBOOT(v) vup[v] = 1
#endif
#define VOTER(v) \
	RANKS(v, VHEAR) \
	:: EXPIRES(v) -> grant[v] = NOBODY \
	:: wl[v] && (!quiet || !up[R] || (st[R] != CLAIMING && \
		st[R] != TAKING && (st[R] != GO || has[2 + v] || \
		(known[R] & 1)))) -> wl[v] = 0 \
	:: !quiet && vup[v] && deaths < DEATHS -> \
		d_step { deaths++; vup[v] = 0 } \
	:: !quiet && !vup[v] -> VBOOT(v) \
	/* PREPARE: R's epoch, unless this one voted for another after P */ \
	:: vup[v] && up[R] && st[R] >= PAUSING && st[R] <= CLAIMING && \
		!prep[v] && vcur[v] <= epoch_of[tok] && \
		vknown[v] <= known[R] && \
		(vvoted[v] <= known[R] / 2 || votee[v] == R) -> \
		d_step { vcur[v] = epoch_of[tok]; prep[v] = 1 }

#ifdef BREAK_PREPARE
#define PREPARED true
#else
#define PREPARED (prep[0] || prep[1])
#endif
#ifdef BREAK_LEVEL
#define LEVEL true
#else
#define LEVEL (roff >= target)
#endif
#ifdef BREAK_TOKEN
#define ALIVE(k) ((st[P] == STOPPED && ptok == k) || st[P] == GO)
#else
#define ALIVE(k) (st[P] == STOPPED && ptok == k && claim_off[k] == poff)
#endif
#ifdef BREAK_LEASE
#define RUNS true
#define HANDS true
#else
#define RUNS (wl[0] + wl[1] + wseat >= 2)
#define HANDS LEASED(P)
#endif
#ifdef BREAK_HANDED
#define HAS_ENDED true
#else
#define HAS_ENDED (!wl[0] && !wl[1])
#endif
#ifdef BREAK_DURABLE
#define WORD (st[P] == GIVEN || st[P] == YIELDING)
#else
#define WORD (st[P] == GIVEN)
#endif

/* What becomes of one token at P. */
#define GIVER(k) \
	:: up[P] && st[P] == GO && tok >= k && !dead[k] && !taken[k] && \
		stands[P] == 0 -> d_step { st[P] = STOPPING; ptok = k } \
	:: up[P] && (st[P] == STOPPING || st[P] == STOPPED) && ptok == k && \
		unstop[k] -> d_step { st[P] = GO; ptok = 0; dead[k] = 1 } \
	:: up[P] && claimed[k] && ALIVE(k) -> d_step { \
		st[P] = YIELDING; ptok = k; \
		cur[P] = MAX(cur[P], epoch_of[k]) } \
	:: up[P] && claimed[k] && !refused[k] && !ALIVE(k) && \
		!(st[P] >= STOPPED && st[P] <= GIVEN && ptok == k) && \
		st[P] != REPLICA -> d_step { refused[k] = 1; dead[k] = 1 }

#define TAKER(k) \
	:: up[R] && st[R] == PAUSING && (offsets[tok] & (1 << k)) -> \
		d_step { target = k; st[R] = SYNCING }

init {
	d_step {
		for (k : 0 .. 2) { up[k] = 1; cur[k] = 1; known[k] = 2 }
		for (k : 0 .. 1) {
			vup[k] = 1; vcur[k] = 1; vknown[k] = 2;
			votee[k] = NOBODY; grant[k] = P; has[k] = 1
		}
		for (k : 0 .. 13) { holder[k] = NOBODY }
		holder[2] = P; told[2] = 1; seat[P] = 1;
		st[R] = REPLICA; st[S] = REPLICA;
		k = 0
	}
	do
	:: atomic {
	assert(WRITES_P + WRITES_R + WRITES_S <= 1);                   /* I1 */
	assert(!WRITES_R || (known[R] & 1) || roff >= yoff);           /* I3 */
	if
	/* data */
	:: WRITES_P && poff < WRITES -> poff++
	:: WRITES_R && !(known[R] & 1) && !served[tok] -> served[tok] = 1
	:: up[R] && st[R] >= REPLICA && st[R] != TAKING && up[P] &&
		known[R] == known[P] && roff < poff -> roff++

	/* the taker */
	:: up[R] && st[R] == REPLICA && !quiet && tok < ATTEMPTS &&
		stands[R] == 0 && holder[known[R]] == P &&
		cur[R] + 1 < EPOCHS -> d_step {
			tok++; cur[R]++; epoch_of[tok] = cur[R];
			prep[0] = 0; prep[1] = 0; st[R] = PAUSING }
	TAKER(0) TAKER(1) TAKER(2)
	:: up[R] && st[R] == SYNCING && LEVEL && PREPARED -> d_step {
		st[R] = CLAIMING; claimed[tok] = 1; claim_off[tok] = target;
		target = 0 }
	/* late, aborted, or control restarted */
	:: up[R] && (st[R] == PAUSING || st[R] == SYNCING) -> d_step {
		st[R] = REPLICA; unstop[tok] = 1; target = 0 }
	:: up[R] && st[R] == CLAIMING && refused[tok] -> st[R] = REPLICA
	:: up[R] && st[R] == CLAIMING && granted[tok] && RUNS -> d_step {
		st[R] = TAKING; stands[R] = 0 }
	:: up[R] && st[R] == TAKING -> d_step {
		known[R] = 2 * epoch_of[tok]; holder[known[R]] = R;
		seat[R] = wseat; taken[tok] = 1; st[R] = GO }

	/* the giver */
	GIVER(1)
#if ATTEMPTS > 1
	GIVER(2)
#endif
	:: up[P] && st[P] == STOPPING -> d_step {
		st[P] = STOPPED; offsets[ptok] = offsets[ptok] | (1 << poff) }
#ifndef BREAK_PAUSE
	:: up[P] && (st[P] == STOPPING || st[P] == STOPPED) -> d_step {
		dead[ptok] = 1; st[P] = GO; ptok = 0 }
#endif
	:: up[P] && st[P] == YIELDING -> d_step { st[P] = GIVEN; yoff = poff }
	:: up[P] && WORD && stands[P] == 0 && HANDS && (!quiet || up[R]) &&
		(!granted[ptok] || (wl[0] < has[0]) || (wl[1] < has[1])) ->
		d_step { granted[ptok] = 1; wseat = seat[P];
			wl[0] = has[0]; wl[1] = has[1] }
	/*
	 * R says it did not take, and never will; P need not wait until its
	 * file says so, too
	 */
	:: up[P] && st[P] == GIVEN && up[R] && !taken[ptok] &&
		!(tok == ptok && (st[R] == CLAIMING || st[R] == TAKING)) ->
		d_step { assert(!served[ptok]);                /* I3 */
			st[P] = GO; dead[ptok] = 1; stale = ptok; ptok = 0;
			stands[P] = 0;
			wl[0] = 0; wl[1] = 0 }
#ifdef BREAK_BACK
	:: up[P] && st[P] == GIVEN -> d_step { st[P] = GO; ptok = 0 }
#endif

	/* elections */
	:: MAY_STAND(S) && st[S] == REPLICA -> stand(S)
	:: MAY_STAND(R) && st[R] >= REPLICA && st[R] <= CLAIMING -> stand(R)
	:: MAY_STAND(P) && st[P] == REPLICA -> stand(P)
#ifndef BREAK_STRAND
	:: MAY_STAND(P) && st[P] == GIVEN && HAS_ENDED -> stand(P)
#endif
	PAIR(P, 0) PAIR(P, 1) PAIR(R, 0) PAIR(R, 1) PAIR(S, 0) PAIR(S, 1)
	NODE(P)
	NODE(R)
	NODE(S)
	VOTER(0)
	VOTER(1)
	:: !quiet && vup[0] && vup[1] && (up[P] || up[R] || up[S]) -> quiet = 1
	:: let_go -> break
	:: else ->
		/* I2 */
		assert(!quiet || WRITES_P + WRITES_R + WRITES_S == 1);
		assert(!quiet || vknown[0] == vknown[1]);
		assert(!quiet || !up[P] || known[P] == vknown[0]);
		assert(!quiet || !up[R] || known[R] == vknown[0]);
		assert(!quiet || !up[S] || known[S] == vknown[0]);
		assert(!quiet || !up[P] || st[P] == GO || st[P] == REPLICA);
		assert(!quiet || !up[R] || st[R] == GO || st[R] == REPLICA);
		break
	fi
	}
	od
}
