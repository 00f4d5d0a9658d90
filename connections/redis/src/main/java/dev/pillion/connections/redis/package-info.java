// SPDX-License-Identifier: Apache-2.0
/** How Redis components reach their server: Dapr's settings, and one connection that heals. */
@NullMarked
package dev.pillion.connections.redis;

import org.jspecify.annotations.NullMarked;
