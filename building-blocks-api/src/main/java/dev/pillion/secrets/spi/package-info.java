// SPDX-License-Identifier: Apache-2.0
/** Where component settings find their secrets. */
@NullMarked
package dev.pillion.secrets.spi;

import org.jspecify.annotations.NullMarked;
