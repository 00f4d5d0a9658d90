// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** That an intake is a member of its group, by an incarnation that owns what it claims. */
final class Membership {
  private final TimeSource time;
  private final Pace pace;
  private final ProcessPlace place;
  private final AtomicLong incarnation = new AtomicLong();
  private volatile long renewedNanos;
  private volatile @Nullable Group group;

  Membership(TimeSource time, Pace pace, ProcessPlace place) {
    this.time = time;
    this.pace = pace;
    this.place = place;
  }

  /**
   * Becomes a member, making the group when it is new.
   *
   * @throws dev.pillion.ComponentException when it has members that want another order
   */
  void join(SqliteDatabase database, long topicId, String topic, String name, Ordering ordering) {
    long now = time.nanos();
    long own = UUID.randomUUID().getMostSignificantBits();
    group = database.write(
        session -> {
          var joined = Group.join(session, topicId, topic, name, ordering);
          addOwner(session, joined, own);
          return joined;
        },
        Deadline.none());
    renewedNanos = now;
    incarnation.set(own);
  }

  /** A member again, after others had ended it. */
  void rejoin(SqliteDatabase database) {
    var last = group();
    join(database, last.topicId(), last.topic(), last.name(), last.ordering());
  }

  private void addOwner(SqliteSession session, Group joined, long own) throws SQLException {
    Owners.add(
        session,
        new Owners.Owner(
            own,
            joined.id(),
            0,
            pace.processingTimeout().toMillis(),
            place.name(),
            place.processId()));
  }

  Group group() {
    var joined = group;
    if (joined == null) {
      throw new IllegalStateException("has not joined its group");
    }
    return joined;
  }

  String topic() {
    return group().topic();
  }

  String groupName() {
    return group().name();
  }

  /** The owner of what is claimed; 0 while it is no member. */
  long incarnation() {
    return incarnation.get();
  }

  boolean isMember() {
    return incarnation() != 0;
  }

  /** Notes a renewal that was sent then. */
  void renewed(long sentNanos) {
    renewedNanos = sentNanos;
  }

  /** Whether nobody can have ended it yet: the last renewal is younger than the lease. */
  boolean isCertain() {
    return isMember() && time.nanos() - renewedNanos < pace.processingTimeout().toNanos();
  }

  /** Notes that others have ended this incarnation; false when that is known already. */
  boolean end(long ended) {
    return ended != 0 && incarnation.compareAndSet(ended, 0);
  }

  Claims.Due due() {
    return new Claims.Due(time.now().toEpochMilli(), pauseMillis());
  }

  long pauseMillis() {
    return pace.redeliverInterval().toMillis();
  }

  @Override
  public String toString() {
    var joined = group;
    return joined == null
        ? "a subscription"
        : "the subscription of group \"%s\" to topic \"%s\""
            .formatted(joined.name(), joined.topic());
  }
}
