// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One row in Dapr's encoding: JSON as its text with {@code is_binary} 0, anything else in base64
 * with {@code is_binary} 1, a fresh UUID as etag, times as text of whole seconds in UTC.
 */
record StateRow(
    String key,
    String value,
    boolean isBinary,
    String etag,
    @Nullable String expiry) {
  /** How many parameters {@link #bind} sets. */
  static final int COLUMNS = 5;

  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

  static StateRow of(StateChange.Put put) {
    var bytes = put.value().bytes();
    return new StateRow(
        put.key(),
        put.value().isJson()
            ? new String(bytes, StandardCharsets.UTF_8)
            : new String(Base64.getEncoder().encode(bytes), StandardCharsets.ISO_8859_1),
        !put.value().isJson(),
        UUID.randomUUID().toString(),
        expiry(put.timeToLive()));
  }

  /** Sets value, is_binary, etag, modifier of the expiry and key, in this order. */
  void bind(PreparedStatement statement) throws SQLException {
    statement.setString(1, value);
    statement.setInt(2, isBinary ? 1 : 0);
    statement.setString(3, etag);
    statement.setString(4, expiry);
    statement.setString(COLUMNS, key);
  }

  /** Reads value, is_binary, etag and expiration_time, in this order. */
  static StoredValue read(String key, ResultSet result) throws SQLException {
    var text = result.getBytes(1);
    var bytes = text == null ? new byte[0] : text;
    if (result.getInt(2) != 0) {
      try {
        bytes = Base64.getDecoder().decode(bytes);
      } catch (IllegalArgumentException e) {
        throw ComponentException.failed(
            "the value of key \"%s\" is marked as binary but is no base64".formatted(key), e);
      }
    }
    var etag = result.getString(3);
    return new StoredValue(bytes, etag == null ? "" : etag, instant(result.getString(4)));
  }

  /** What SQLite adds to the current time; null for a value that stays. */
  private static @Nullable String expiry(@Nullable Duration timeToLive) {
    if (timeToLive == null) {
      return null;
    }
    // A part of a second counts as one: a value never goes early.
    long seconds = timeToLive.getSeconds() + (timeToLive.getNano() > 0 ? 1 : 0);
    return "+%d seconds".formatted(seconds);
  }

  private static @Nullable Instant instant(@Nullable String timestamp) {
    if (timestamp == null) {
      return null;
    }
    try {
      return LocalDateTime.parse(timestamp, TIMESTAMP).toInstant(ZoneOffset.UTC);
    } catch (DateTimeParseException e) {
      return null; // written by other hands; SQLite compares it as text
    }
  }
}
