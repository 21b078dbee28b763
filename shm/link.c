#include "shm/link.h"

const char *const link_role[LINK_STATES] = {
#define LINK(id, role, words) role,
#include "shm/link.def"
};

const char *const link_words[LINK_STATES] = {
#define LINK(id, role, words) words,
#include "shm/link.def"
};
