// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * An event as it lies in its table.
 *
 * @param key what its order is kept by; null when it has none
 * @param metadata the publisher's, as JSON; null when there was none
 */
@SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
record StoredEvent(long id, @Nullable String key, @Nullable String metadata, byte[] data) {
  /** In the order that {@link #read} wants. */
  static final String COLUMNS = "id, event_key, metadata, data";

  static StoredEvent read(ResultSet row) throws SQLException {
    var data = row.getBytes(4);
    return new StoredEvent(
        row.getLong(1), row.getString(2), row.getString(3), data == null ? new byte[0] : data);
  }
}
