# LPOS: rank, count and maxlen
server a
client c a
c> RPUSH l a b c 1 2 3 c c
8
c> LPOS l c
2
c> LPOS l a
0
c> LPOS l x
nil
c> LPOS l 3
5
c> LPOS l 03
nil
c> LPOS none a
nil
c> LPOS none a COUNT 1
[]
c> LPOS l c RANK 1
2
c> LPOS l c RANK 3
7
c> LPOS l c RANK 4
nil
c> LPOS l c RANK -1
7
c> LPOS l c RANK -3
2
c> LPOS l c RANK -4
nil
c> LPOS l c COUNT 0
[2, 6, 7]
c> LPOS l c COUNT 2
[2, 6]
c> LPOS l c COUNT 100
[2, 6, 7]
c> LPOS l x COUNT 0
[]
c> LPOS l c RANK -1 COUNT 0
[7, 6, 2]
c> LPOS l c RANK -2 COUNT 1
[6]
c> LPOS l c MAXLEN 2
nil
c> LPOS l c MAXLEN 3
2
c> LPOS l c COUNT 0 MAXLEN 7
[2, 6]
c> LPOS l c COUNT 0 MAXLEN 1 RANK -1
[7]
c> LPOS l c count 0 maxlen 0 rank 2
[6, 7]
c> LPOS l c RANK 0
-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
c> LPOS l c RANK x
-ERR value is not an integer or out of range
c> LPOS l c COUNT -1
-ERR COUNT can't be negative
c> LPOS l c COUNT x
-ERR COUNT can't be negative
c> LPOS l c MAXLEN -1
-ERR MAXLEN can't be negative
c> LPOS l c MAXLEN x
-ERR MAXLEN can't be negative
c> LPOS l c RANK
-ERR syntax error
c> LPOS l c RANK 1 COUNT
-ERR syntax error
c> LPOS l c FOO 1
-ERR syntax error
c> LPOS none c RANK 0
-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
c> LPOS l
-ERR wrong number of arguments for 'lpos' command
c> SET s x
OK
c> LPOS s x
-WRONGTYPE Operation against a key holding the wrong kind of value
c> LPOS s x COUNT x
-ERR COUNT can't be negative
client e a resp3
e> LPOS l x
null
e> LPOS none x COUNT 1
[]
