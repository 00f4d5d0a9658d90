// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message that a component has fetched and holds. An attempt is one start of the handler; the
 * broker keeps count of them where it can, so that a message that kills its process comes to an
 * end.
 */
public interface Message {
  /** The bytes; not to be changed by anyone. */
  byte[] data();

  /** What the broker carries beside them; unmodifiable, empty when there is nothing. */
  Map<String, String> metadata();

  /** The media type where the broker has a place of its own for it; null otherwise. */
  default @Nullable String contentType() {
    return null;
  }

  /**
   * How many attempts are on record with the broker: 0 for a message that was only fetched, however
   * often.
   */
  int attempts();

  /**
   * Whether the message may have been handed over before without a record of it: every message that
   * has been fetched before.
   */
  boolean isRedelivered();

  /**
   * Puts on record, durably, that so many attempts have begun. Called before the handler starts,
   * from the second attempt on and for a redelivered message from the first; and with the number
   * before when the attempt ended by the runtime's own stop, which is no failure.
   *
   * @throws dev.pillion.ComponentException when it can't be put on record, or the message is no
   *     longer held: the attempt must not begin
   */
  void recordAttempts(int attempts);

  /**
   * The {@link Disposition#REDELIVER} that follows is not for the message's sake: no attempt has
   * begun since it was handed over, or it is the dead letter topic that does not take it. A
   * component that counts what comes back does not count this.
   */
  default void notAttempted() {}

  /**
   * Whether it has been {@linkplain MessageReceiver#revoke revoked}, as a receiver asks that may
   * have missed it: no attempt begins any more.
   */
  default boolean isRevoked() {
    return false;
  }
}
