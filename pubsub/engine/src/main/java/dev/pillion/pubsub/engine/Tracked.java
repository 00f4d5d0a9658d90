// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A message on its way through its attempts. Used by the thread that delivers it. */
final class Tracked {
  private static final Logger log = LoggerFactory.getLogger(Tracked.class);

  private final Message message;
  private final int before;
  private @Nullable ReceivedEvent event;
  private int attempts;
  private @Nullable Disposition disposition;
  private @Nullable Throwable failure;

  Tracked(Message message) {
    this.message = message;
    this.attempts = message.attempts();
    this.before = attempts;
  }

  Message message() {
    return message;
  }

  ReceivedEvent event() {
    if (event == null) {
      throw new IllegalStateException("the event has not been read");
    }
    return event;
  }

  /** The event for log lines, by its id where it could be read and has one. */
  String name() {
    var id = event == null ? "" : event.attribute("id");
    return id.isEmpty() ? "a message" : "event \"" + id + "\"";
  }

  void read(ReceivedEvent as) {
    event = as;
  }

  int attempts() {
    return attempts;
  }

  /**
   * Counts an attempt that is about to begin, on record where that matters: for the second one and
   * all further ones, and where an earlier process may have begun the first.
   *
   * @return whether it may begin
   */
  boolean begin() {
    int next = attempts + 1;
    if (next > 1 || message.isRedelivered()) {
      try {
        message.recordAttempts(next);
      } catch (BuildingBlockException e) {
        log.warn("an attempt was not begun, it could not be put on record: {}", e.getMessage());
        // Whoever has the message now judges it; what failed here before is no longer ours to say.
        failure = null;
        postpone();
        return false;
      }
    }
    attempts = next;
    return true;
  }

  /** Takes back the last attempt: it ended by our own stop. */
  void takeBack() {
    attempts--;
    if (attempts > 0 || message.isRedelivered()) {
      try {
        message.recordAttempts(attempts);
      } catch (BuildingBlockException e) {
        log.debug("an attempt that a stop has ended stays on record: {}", e.getMessage());
      }
    }
  }

  /**
   * Leaves the message to the broker's next delivery, which counts on from here: a first attempt,
   * which is not on record yet, is put there now that it has failed.
   */
  void redeliver() {
    if (attempts == 1 && !message.isRedelivered()) {
      try {
        message.recordAttempts(1);
      } catch (BuildingBlockException e) {
        log.debug("a failed attempt could not be put on record: {}", e.getMessage());
      }
    }
    disposition = Disposition.REDELIVER;
  }

  /** The dead letter topic does not take it, which is not held against it. */
  void undeliverable() {
    redeliver();
    message.notAttempted();
  }

  /** It comes again, which is held against it only where an attempt has begun here. */
  void postpone() {
    if (attempts == before) {
      message.notAttempted();
    }
    disposition = Disposition.REDELIVER;
  }

  void failed(Throwable cause) {
    failure = cause;
  }

  /** Why the last attempt failed; null when none has. */
  @Nullable
  Throwable failure() {
    return failure;
  }

  void settle(Disposition as) {
    disposition = as;
  }

  boolean isSettled() {
    return disposition != null;
  }

  /** What becomes of the message; what nobody has settled comes again. */
  Disposition disposition() {
    return disposition == null ? Disposition.RELEASE : disposition;
  }
}
