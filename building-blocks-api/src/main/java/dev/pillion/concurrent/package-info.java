// SPDX-License-Identifier: Apache-2.0
/** Time, deadlines and threads, injected everywhere. */
@NullMarked
package dev.pillion.concurrent;

import org.jspecify.annotations.NullMarked;
