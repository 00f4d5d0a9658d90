// SPDX-License-Identifier: Apache-2.0
/** State in PostgreSQL, in the tables of Dapr's {@code state.postgresql} v1 and v2. */
@NullMarked
package dev.pillion.state.postgresql;

import org.jspecify.annotations.NullMarked;
