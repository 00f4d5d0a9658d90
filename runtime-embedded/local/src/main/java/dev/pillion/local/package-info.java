// SPDX-License-Identifier: Apache-2.0
/** Building blocks without a server: {@link dev.pillion.local.Local}. */
@NullMarked
package dev.pillion.local;

import org.jspecify.annotations.NullMarked;
