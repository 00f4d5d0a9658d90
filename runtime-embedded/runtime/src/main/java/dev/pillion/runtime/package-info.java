// SPDX-License-Identifier: Apache-2.0
/**
 * The runtime of one program; {@link dev.pillion.runtime.EmbeddedRuntime} is where everything
 * begins.
 */
@NullMarked
package dev.pillion.runtime;

import org.jspecify.annotations.NullMarked;
