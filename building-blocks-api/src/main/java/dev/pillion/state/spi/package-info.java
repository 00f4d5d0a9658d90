// SPDX-License-Identifier: Apache-2.0
/** The state building block as a store implements it. */
@NullMarked
package dev.pillion.state.spi;

import org.jspecify.annotations.NullMarked;
