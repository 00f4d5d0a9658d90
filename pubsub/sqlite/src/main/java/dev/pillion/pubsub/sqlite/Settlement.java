// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What has become of a held message, to be written. */
record Settlement(HeldMessage message, Outcome outcome) {
  enum Outcome {
    /** Handled. */
    DONE,
    /** To come again after the pause between deliveries. */
    FAILED,
    /** Handed over, but an earlier one of its key has failed: it comes again after that. */
    BEHIND,
    /** Handed over and given back. */
    RELEASED,
    /** Given back without having been handed over. */
    UNTOUCHED
  }

  void write(SqliteSession session, Group group, Claims.Due due) throws SQLException {
    if (outcome == Outcome.DONE) {
      Deliveries.done(session, group.id(), message.id());
      return;
    }
    @Nullable Long dueAt = outcome == Outcome.FAILED ? Long.valueOf(due.now() + due.pause()) : null;
    Deliveries.giveBack(
        session,
        group.id(),
        message.id(),
        message.lane(),
        message.owner(),
        dueAt,
        message.attempts(),
        outcome != Outcome.UNTOUCHED);
  }
}
