// SPDX-License-Identifier: Apache-2.0
/** Service invocation, as programs use it: other apps by their ids, and the methods of this one. */
@NullMarked
package dev.pillion.invocation;

import org.jspecify.annotations.NullMarked;
