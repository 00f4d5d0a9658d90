// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.ComponentException;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Base64;
import java.util.List;

/**
 * Version 1: JSON as jsonb, bytes as a JSON string of base64 with a flag beside it, and the row's
 * own transaction number as etag.
 */
final class JsonbColumns implements Columns {
  private static final long MAX_XID = 0xFFFF_FFFFL;
  private static final List<ValueColumn> VALUE = List.of(
      new ValueColumn("value", "text", "jsonb"), new ValueColumn("isbinary", "boolean", "boolean"));

  @Override
  public List<ValueColumn> value() {
    return VALUE;
  }

  @Override
  public String created() {
    return "insertdate";
  }

  @Override
  public String updated() {
    return "updatedate";
  }

  @Override
  public String expires() {
    return "expiredate";
  }

  @Override
  public String etag() {
    return "xmin";
  }

  @Override
  public String etagType() {
    return "xid";
  }

  @Override
  public String newEtag() {
    return "";
  }

  @Override
  public String etagOf(StateChange change) {
    var etag = String.valueOf(change.condition().etag());
    boolean digits = !etag.isEmpty() && etag.chars().allMatch(c -> c >= '0' && c <= '9');
    var plain = digits ? etag.replaceFirst("^0+(?=.)", "") : "";
    if (plain.isEmpty() || plain.length() > 10 || Long.parseLong(plain) > MAX_XID) {
      throw change.malformedEtag("must be a whole number from 0 to 4294967295");
    }
    return plain;
  }

  /** A jsonb, or a string in one, has less than 256 MiB, and bytes lie in it as base64. */
  @Override
  public int maxValueSize() {
    return 200_000_000;
  }

  @Override
  public void set(PreparedStatement statement, int at, StateValue value) throws SQLException {
    statement.setString(at, json(value));
    statement.setBoolean(at + 1, !value.isJson());
  }

  @Override
  public void setAll(PreparedStatement statement, int at, List<StateValue> values)
      throws SQLException {
    var connection = statement.getConnection();
    var json = values.stream().map(JsonbColumns::json).toArray(String[]::new);
    var binary = values.stream().map(value -> !value.isJson()).toArray(Boolean[]::new);
    statement.setArray(at, connection.createArrayOf("text", json));
    statement.setArray(at + 1, connection.createArrayOf("boolean", binary));
  }

  private static String json(StateValue value) {
    return value.isJson()
        ? new String(value.bytes(), UTF_8)
        : '"' + Base64.getEncoder().encodeToString(value.bytes()) + '"';
  }

  @Override
  public byte[] read(ResultSet row) throws SQLException {
    var text = row.getString(1);
    if (!row.getBoolean(2)) {
      return text.getBytes(UTF_8);
    }
    try {
      if (text.length() < 2 || text.charAt(0) != '"') {
        throw new IllegalArgumentException("not a JSON string");
      }
      return Base64.getDecoder().decode(text.substring(1, text.length() - 1));
    } catch (IllegalArgumentException e) {
      throw ComponentException.failed(
          "a row is marked as binary, but its value is not a JSON string of base64", null);
    }
  }
}
