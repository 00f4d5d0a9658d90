// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.OutgoingMessage;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message in one group's queue, with its own count of attempts. */
final class MemoryMessage implements Message {
  private final OutgoingMessage sent;
  private final @Nullable WrittenEvent written;
  private final Map<String, String> metadata;
  private volatile int attempts;
  private volatile boolean redelivered;

  /** @param written the event that {@code sent} carries; null when it is to be read */
  MemoryMessage(OutgoingMessage sent, @Nullable WrittenEvent written) {
    var given = sent.metadata();
    this.sent = sent;
    this.written = written;
    this.metadata = given == null ? Map.of() : given;
  }

  /** The event, for whoever takes the message for one; the errors are {@link JsonEvent#read}'s. */
  ReceivedEvent event() {
    return written == null ? JsonEvent.read(this) : written.readFrom(this);
  }

  @Override
  public byte[] data() {
    return sent.data();
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public @Nullable String contentType() {
    return null;
  }

  @Override
  public int attempts() {
    return attempts;
  }

  @Override
  public boolean isRedelivered() {
    return redelivered;
  }

  @Override
  public void recordAttempts(int begun) {
    attempts = begun;
  }

  /** It has been handed over, and comes back. */
  void comesBack() {
    redelivered = true;
  }
}
