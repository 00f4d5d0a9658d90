// SPDX-License-Identifier: Apache-2.0
/** One description of any call, and the one place where calls are wrapped. */
@NullMarked
package dev.pillion.call;

import org.jspecify.annotations.NullMarked;
