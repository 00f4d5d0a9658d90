// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.Immutable;
import dev.pillion.TypeRef;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PassingTest {
  record Flat(String text, int number, TimeUnit unit, Instant at) {}

  record Nested(Flat flat, @Nullable Nested next) {}

  record WithList(List<String> list) {}

  record WithAnything(Object anything) {}

  record WithBytes(byte[] bytes) {}

  @Immutable
  static final class Marked {}

  static class Unmarked {}

  private final TextSerializer text = new TextSerializer();

  private Object left(Object value) {
    return Passing.leave(value, TypeRef.of((java.lang.reflect.Type) value.getClass()), text);
  }

  static List<Object> immutables() {
    var flat = new Flat("a", 1, TimeUnit.DAYS, Instant.EPOCH);
    return List.of(
        "text",
        1,
        2L,
        'c',
        true,
        1.5,
        new BigDecimal("1.50"),
        UUID.randomUUID(),
        URI.create("a:b"),
        Duration.ofSeconds(1),
        TimeUnit.DAYS,
        flat,
        new Nested(flat, new Nested(flat, null)),
        new Marked());
  }

  @ParameterizedTest
  @MethodSource("immutables")
  void whatNeverChangesPassesAsItIs(Object value) {
    assertThat(left(value)).isSameAs(value);
  }

  static List<Object> mutables() {
    return List.of(
        new StringBuilder("x"),
        new WithList(List.of("x")),
        new WithAnything("x"),
        new WithBytes(new byte[1]),
        new Unmarked(),
        new byte[1],
        List.of("x"));
  }

  @ParameterizedTest
  @MethodSource("mutables")
  void whatMayChangeDoesNot(Object value) {
    assertThat(left(value)).isNotSameAs(value);
  }

  @Test
  void anotherTypeIsReadFromBytes() {
    var type = TypeRef.of(StringBuilder.class);
    assertThat(Passing.arrive(Passing.leave("x", type, text), type, text)).hasToString("x");
  }

  @Test
  void eachArrivalOfBytesIsACopy() {
    var type = TypeRef.of(byte[].class);
    var sent = new byte[] {1};
    var passed = Passing.leave(sent, type, text);
    var first = Passing.arrive(passed, type, text);
    assertThat(first).containsExactly(1).isNotSameAs(sent);
    assertThat(Passing.arrive(passed, type, text)).isNotSameAs(first);
  }

  @Test
  void nothingIsNothingOnEitherSide() {
    var type = TypeRef.of(String.class);
    assertThat(Passing.arrive(Passing.leave(null, type, text), type, text)).isNull();
    var unwanted = TypeRef.of(void.class);
    assertThat(Passing.arrive(Passing.leave("x", unwanted, text), unwanted, text))
        .isNull();
  }
}
