# LCS
server a
client c a
client d a resp3

c> MSET x ohmytext y mynewtext e ""
OK
c> LCS x y
"mytext"
c> LCS y x
"mytext"
c> LCS x y LEN
6
c> LCS x y IDX
["matches", [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], "len", 6]
c> LCS x y IDX MINMATCHLEN 4
["matches", [[[4, 7], [5, 8]]], "len", 6]
c> LCS x y IDX MINMATCHLEN 4 WITHMATCHLEN
["matches", [[[4, 7], [5, 8], 4]], "len", 6]
c> LCS x y IDX MINMATCHLEN 100
["matches", [], "len", 6]
c> LCS x y IDX MINMATCHLEN -1 WITHMATCHLEN
["matches", [[[4, 7], [5, 8], 4], [[2, 3], [0, 1], 2]], "len", 6]
d> LCS x y IDX WITHMATCHLEN
{"matches": [[[4, 7], [5, 8], 4], [[2, 3], [0, 1], 2]], "len": 6}
c> LCS x y LEN IDX
-ERR If you want both the length and indexes, please just use IDX.
c> LCS x y FOO
-ERR syntax error
c> LCS x y MINMATCHLEN
-ERR syntax error
c> LCS x y MINMATCHLEN x
-ERR value is not an integer or out of range
c> LCS x none
""
c> LCS x none LEN
0
c> LCS x none IDX
["matches", [], "len", 0]
c> LCS x e
""
c> LCS x x
"ohmytext"
c> SET n 12345
OK
c> SET m 1a2b3c
OK
c> LCS n m
"123"
c! RPUSH l a
c> LCS l x
-ERR The specified keys must contain string values
c> LCS x l LEN
-ERR The specified keys must contain string values
c> LCS x
-ERR wrong number of arguments for 'lcs' command
