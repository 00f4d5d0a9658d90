// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** How values, etags and expiry lie in the table of one version of Dapr's component. */
interface Columns {
  /** A column that holds a value or part of it. */
  record ValueColumn(String name, String parameterType, String columnType) {}

  List<ValueColumn> value();

  String created();

  String updated();

  String expires();

  /** The etag's column, and the type an etag's text is cast to. */
  String etag();

  String etagType();

  /** What a new row's etag is set to; empty when the server itself keeps it. */
  String newEtag();

  /**
   * The etag of a change's condition in the one spelling that the server is given.
   *
   * @throws dev.pillion.EtagMismatchException when no row can have it
   */
  String etagOf(StateChange change);

  /** How many bytes of a value the server surely takes. */
  int maxValueSize();

  /** Sets the value's parameters from {@code at} on. */
  void set(PreparedStatement statement, int at, StateValue value) throws SQLException;

  /** Sets the value's parameters, each an array, from {@code at} on. */
  void setAll(PreparedStatement statement, int at, List<StateValue> values) throws SQLException;

  /** Reads a value from the first columns of a row. */
  byte[] read(ResultSet row) throws SQLException;
}
