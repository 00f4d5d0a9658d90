// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.pubsub.spi.Message;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message as a broker would hand it over for the first time. */
record ScriptedMessage(
    byte[] data, Map<String, String> metadata, @Nullable String contentType, int attempts)
    implements Message {

  static ScriptedMessage of(byte[] data) {
    return new ScriptedMessage(data, Map.of(), null, 0);
  }

  static ScriptedMessage of(String json) {
    return of(json.getBytes(UTF_8));
  }

  ScriptedMessage with(Map<String, String> entries) {
    return new ScriptedMessage(data, entries, contentType, 0);
  }

  ScriptedMessage as(String type) {
    return new ScriptedMessage(data, metadata, type, 0);
  }

  @Override
  public boolean isRedelivered() {
    return false;
  }

  @Override
  public void recordAttempts(int begun) {}
}
