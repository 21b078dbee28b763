#include "proto/error.h"

const char *const error_text[ERROR_COUNT] = {
#define ERROR(id, text) [ERROR_##id] = text,
#include "proto/error.def"
};
