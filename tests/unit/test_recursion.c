/* A worker's share of recursion, on a real loop. */
#include "server/recursion.h"

#include <criterion/criterion.h>

Test(recursion, ends_without_having_begun)
{
	recursion_free(NULL);
}
