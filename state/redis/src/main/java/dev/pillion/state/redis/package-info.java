// SPDX-License-Identifier: Apache-2.0
/** The state store on Redis, in Dapr's layout. */
@NullMarked
package dev.pillion.state.redis;

import org.jspecify.annotations.NullMarked;
