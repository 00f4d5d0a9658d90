// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.pubsub.spi.Message;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An event that one incarnation holds for a group. */
final class HeldMessage implements Message {
  private final SqliteDatabase database;
  private final Group group;
  private final Claims.Claimed claimed;
  private final long owner;
  private final Map<String, String> metadata;
  private volatile int attempts;
  private volatile boolean revoked;

  HeldMessage(SqliteDatabase database, Group group, Claims.Claimed claimed, long owner) {
    this.database = database;
    this.group = group;
    this.claimed = claimed;
    this.owner = owner;
    metadata = MetadataJson.read(claimed.event().metadata());
    attempts = claimed.attempts();
  }

  long id() {
    return claimed.event().id();
  }

  /** What its order is kept by; null when by nothing. */
  @Nullable
  String lane() {
    return claimed.lane();
  }

  long owner() {
    return owner;
  }

  @Override
  public boolean isRevoked() {
    return revoked;
  }

  /** Its owner has been given up by others. */
  void revoke() {
    revoked = true;
  }

  @Override
  public byte[] data() {
    return claimed.event().data();
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public int attempts() {
    return attempts;
  }

  @Override
  public boolean isRedelivered() {
    return claimed.fetches() > 0;
  }

  @Override
  public void recordAttempts(int number) {
    // Whether it is written or not, so many are over: all, or all but the one to begin.
    boolean isOver = number < attempts || (number == 1 && !isRedelivered());
    attempts = isOver ? number : number - 1;
    boolean recorded = database.writeOne(
        session -> Deliveries.recordAttempts(session, group.id(), id(), owner, number),
        Deadline.none());
    if (!recorded) {
      throw ComponentException.failed(
          "event %d of topic \"%s\" is no longer held for group \"%s\" by this process: its lease has ended, or it is done"
              .formatted(id(), group.topic(), group.name()),
          null);
    }
    attempts = number;
  }

  @Override
  public String toString() {
    return "event %d of topic \"%s\" for group \"%s\"".formatted(id(), group.topic(), group.name());
  }
}
