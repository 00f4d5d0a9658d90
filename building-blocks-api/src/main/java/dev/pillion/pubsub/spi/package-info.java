// SPDX-License-Identifier: Apache-2.0
/** What a pubsub component implements. */
@NullMarked
package dev.pillion.pubsub.spi;

import org.jspecify.annotations.NullMarked;
