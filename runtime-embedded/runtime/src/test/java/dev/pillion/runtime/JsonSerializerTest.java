// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.pillion.SerializationException;
import dev.pillion.TypeRef;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonSerializerTest {
  private final JsonSerializer serializer = new JsonSerializer();

  record Line(String article, int count) {}

  record Order(String id, List<Line> lines, Map<String, Integer> prices) {}

  record Times(Instant at, LocalDate day, Duration length, OffsetDateTime there) {}

  record Picky(int count) {
    Picky {
      throw new IllegalArgumentException("canary " + count);
    }
  }

  static final class Bean {
    public String name = "x";
    private int hidden = 1;

    int hidden() {
      return hidden;
    }
  }

  static final class Cyclic {
    public Cyclic self = this;
  }

  private String json(Object value) {
    return new String(serializer.serialize(value), UTF_8);
  }

  private <T> T read(String json, TypeRef<T> type) {
    return serializer.deserialize(json.getBytes(UTF_8), type);
  }

  private SerializationException refused(String json, TypeRef<?> type) {
    return catchThrowableOfType(SerializationException.class, () -> read(json, type));
  }

  @Test
  void isJson() {
    assertThat(serializer.contentType()).isEqualTo("application/json");
    assertThat(json("a\"b")).isEqualTo("\"a\\\"b\"");
    assertThat(json(List.of(1, true))).isEqualTo("[1,true]");
    assertThat(json("grün 😀")).isEqualTo("\"grün 😀\"");
    assertThat(json(new Bean())).isEqualTo("{\"name\":\"x\"}");
  }

  @Test
  void timesAreTexts() {
    var times = new Times(
        Instant.parse("2026-01-02T03:04:05.006Z"),
        LocalDate.of(2026, 1, 2),
        Duration.ofMinutes(90),
        OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.ofHours(2)));
    var json = json(times);
    assertThat(json)
        .isEqualTo("{\"at\":\"2026-01-02T03:04:05.006Z\",\"day\":\"2026-01-02\","
            + "\"length\":\"PT1H30M\",\"there\":\"2026-01-02T03:04:05+02:00\"}");
    var back = read(json, TypeRef.of(Times.class));
    assertThat(back.at()).isEqualTo(times.at());
    assertThat(back.day()).isEqualTo(times.day());
    assertThat(back.length()).isEqualTo(times.length());
    assertThat(back.there().toInstant()).isEqualTo(times.there().toInstant());
  }

  @Test
  void typesWithArguments() {
    var order = new Order("42", List.of(new Line("book", 2)), Map.of("book", 990));
    assertThat(read(json(order), TypeRef.of(Order.class))).isEqualTo(order);
    assertThat(read(json(Map.of("a", List.of(order))), new TypeRef<Map<String, List<Order>>>() {}))
        .isEqualTo(Map.of("a", List.of(order)));
    assertThat(read("[\"b\",\"a\",\"b\"]", new TypeRef<Set<String>>() {}))
        .containsExactlyInAnyOrder("a", "b");
    assertThat(read("1.10", TypeRef.of(BigDecimal.class))).isEqualTo(new BigDecimal("1.10"));
  }

  @Test
  void nullIsNothing() {
    assertThat(read("null", TypeRef.of(Order.class))).isNull();
    assertThat(read(" null ", TypeRef.of(String.class))).isNull();
  }

  @Test
  void propertiesThatTheTypeDoesNotHaveAreIgnored() {
    assertThat(read("{\"article\":\"a\",\"count\":1,\"new\":{}}", TypeRef.of(Line.class)))
        .isEqualTo(new Line("a", 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "canary",
        "{\"article\":\"canary\"",
        "[\"canary\"]",
        "\"canary\"",
        "{\"count\":\"canary\"}",
        "{\"article\":{\"canary\":1}}",
        "{\"count\":99999999999999}",
        "{} canary",
        "{}{}",
        "{\"article\":\"canary\",}"
      })
  void whatIsNotTheTypeIsRefusedWithoutQuotingIt(String json) {
    var refused = refused(json, TypeRef.of(Line.class));
    assertThat(refused)
        .hasMessageStartingWith(
            "the JSON can't be read as dev.pillion.runtime.JsonSerializerTest$Line");
    assertThat(refused.errorCode()).isEqualTo("ERR_MALFORMED_REQUEST");
    assertThat(stackTrace(refused)).doesNotContain("canary");
  }

  @Test
  void theMessageSaysWhere() {
    assertThat(refused("{\"lines\":[{},{\"count\":\"canary\"}]}", TypeRef.of(Order.class)))
        .hasMessageEndingWith(", at lines.[1].count: a string where a number is needed");
    assertThat(refused("{\"lines\": canary}", TypeRef.of(Line.class)))
        .message()
        .containsPattern("at (byte \\d+|lines)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"count\":\"canary\"} | , at count: a string where a number is needed",
        "{\"count\":[1]} | , at count: an array where a number is needed",
        "{\"count\":99999999999999} | , at count: a number that is out of range",
        "{\"article\":{\"canary\":1}} | , at article: an object where a string is needed",
        "[\"canary\"] | : an array that is no Line",
        "\"canary\" | : a string that is no Line",
        "{\"article\":\"canary\" | : it ends too early",
        "{\"article\": canary} | : it is no JSON there",
        "canary | : it is no JSON there",
        "{} [] | : more stands behind the value",
      })
  void theMessageSaysWhy(String json, String end) {
    assertThat(refused(json, TypeRef.of(Line.class))).hasMessageEndingWith(end);
  }

  @Test
  void theMessageNamesTypesThatJsonHasNoWordFor() {
    assertThat(refused("{\"at\":\"canary\"}", TypeRef.of(Times.class)))
        .hasMessageEndingWith(", at at: a string that is no Instant");
    assertThat(refused("{\"count\":1}", TypeRef.of(Picky.class)))
        .hasMessageEndingWith(": the type refuses the value")
        .satisfies(refused -> assertThat(stackTrace(refused)).doesNotContain("canary"));
  }

  @Test
  void keysOfMapsArePayloadToo() {
    var refused = refused("{\"prices\":{\"canary\":\"x\"}}", TypeRef.of(Order.class));
    assertThat(refused).hasMessageEndingWith(", at prices.[*]: a string where a number is needed");
    assertThat(stackTrace(refused)).doesNotContain("canary");
    assertThat(stackTrace(refused("{\"canary\":\"x\"}", new TypeRef<Map<String, Integer>>() {})))
        .doesNotContain("canary");
  }

  @Test
  void whatCannotBeWrittenIsNamedByItsType() {
    var refused = catchThrowableOfType(
        SerializationException.class, () -> serializer.serialize(new Cyclic()));
    assertThat(refused)
        .hasMessageStartingWith(
            "a dev.pillion.runtime.JsonSerializerTest$Cyclic can't be written as JSON");
    assertThat(catchThrowableOfType(
            SerializationException.class, () -> serializer.serialize(new Object())))
        .hasMessageStartingWith("a java.lang.Object can't be written as JSON");
  }

  @Test
  void deepNestingIsRefusedAndDoesNotEndTheThread() {
    assertThat(refused("[".repeat(100_000), new TypeRef<List<Object>>() {})).isNotNull();
  }

  @Test
  void noTypeIsEverNamedByTheData() {
    var read = read(
        "{\"@class\":\"java.net.URL\",\"a\":[\"java.net.URL\",\"x\"]}", new TypeRef<Object>() {});
    assertThat(read).isInstanceOf(Map.class);
  }

  @Test
  void theApplicationsOwnMapperIsUsedAsItIs() {
    var strict = new JsonSerializer(JsonMapper.builder()
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .build());
    assertThat(catchThrowableOfType(
            SerializationException.class,
            () -> strict.deserialize("{\"canary\":1}".getBytes(UTF_8), TypeRef.of(Line.class))))
        .isNotNull();
    assertThat(strict.serialize("a")).isNotSameAs(strict.serialize("a"));
  }

  private static String stackTrace(Throwable e) {
    var text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
