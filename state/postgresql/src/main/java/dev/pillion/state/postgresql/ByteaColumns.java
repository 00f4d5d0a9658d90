// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Version 2: the value's bytes as they are, and a random UUID as etag. */
final class ByteaColumns implements Columns {
  private static final List<ValueColumn> VALUE =
      List.of(new ValueColumn("value", "bytea", "bytea"));

  @Override
  public List<ValueColumn> value() {
    return VALUE;
  }

  @Override
  public String created() {
    return "created_at";
  }

  @Override
  public String updated() {
    return "updated_at";
  }

  @Override
  public String expires() {
    return "expires_at";
  }

  @Override
  public String etag() {
    return "etag";
  }

  @Override
  public String etagType() {
    return "uuid";
  }

  @Override
  public String newEtag() {
    return "gen_random_uuid()";
  }

  @Override
  public String etagOf(StateChange change) {
    var uuid = UuidText.normalize(String.valueOf(change.condition().etag()));
    if (uuid == null) {
      throw change.mismatch();
    }
    return uuid;
  }

  /** The server reads a message of at most 1 GiB, in which the key has its place too. */
  @Override
  public int maxValueSize() {
    return 1_000_000_000;
  }

  @Override
  public void set(PreparedStatement statement, int at, StateValue value) throws SQLException {
    statement.setBytes(at, value.bytes());
  }

  @Override
  public void setAll(PreparedStatement statement, int at, List<StateValue> values)
      throws SQLException {
    var bytes = values.stream().map(StateValue::bytes).toArray(byte[][]::new);
    statement.setArray(at, statement.getConnection().createArrayOf("bytea", bytes));
  }

  @Override
  public byte[] read(ResultSet row) throws SQLException {
    return row.getBytes(1);
  }
}
