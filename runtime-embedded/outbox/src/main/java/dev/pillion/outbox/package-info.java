// SPDX-License-Identifier: Apache-2.0
/** Events of the program's own JDBC transactions: {@link dev.pillion.outbox.JdbcOutbox}. */
@NullMarked
package dev.pillion.outbox;

import org.jspecify.annotations.NullMarked;
