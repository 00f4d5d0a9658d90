// SPDX-License-Identifier: Apache-2.0
/** The state building block's engine; {@link dev.pillion.state.engine.StateEngine} is its entry. */
@NullMarked
package dev.pillion.state.engine;

import org.jspecify.annotations.NullMarked;
