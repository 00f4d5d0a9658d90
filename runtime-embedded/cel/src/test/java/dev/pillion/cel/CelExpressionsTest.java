// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.Expressions;
import dev.pillion.Expressions.EvaluationException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CelExpressionsTest {
  private final Expressions expressions = new CelExpressions();

  /** As a JSON event comes: every number is a double. */
  private static final Map<String, Object> ORDER = Map.of("event", order());

  private static Map<String, Object> order() {
    var data = new HashMap<String, Object>();
    data.put("amount", 150.0);
    data.put("count", 2.0);
    data.put("vip", true);
    data.put("customer", "alice");
    data.put("coupon", null);
    data.put("tags", Arrays.asList("new", "gift", null));
    data.put("lines", List.of(Map.of("sku", "a-1", "n", 3.0), Map.of("sku", "b-2", "n", 1.0)));
    data.put("bytes", "abc".getBytes(StandardCharsets.UTF_8));
    return Map.of("type", "com.example.order", "time", "2026-11-25T12:00:00Z", "data", data);
  }

  private boolean test(String text, Map<String, ?> variables) throws EvaluationException {
    return expressions.compile(text).test(variables);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "true",
        "event.type == 'com.example.order'",
        "event.type == \"com.example.order\" && event.data.vip",
        "event['type'] == 'com.example.order'",
        "event.type != 'x'",
        // Doubles beside written integers, both ways.
        "event.data.amount > 100",
        "event.data.amount >= 150",
        "event.data.amount < 150.5",
        "100 < event.data.amount",
        "event.data.amount == 150",
        "150 == event.data.amount",
        "event.data.amount != 151",
        "event.data.count == 2u",
        "event.data.count in [1, 2, 3]",
        "int(event.data.count) + 1 == 3",
        "event.data.amount * 2.0 == 300.0",
        "event.data.amount / event.data.count > 74.9",
        "7 % 4 == 3 && -1 < 0 && 2 * 3 - 1 == 5",
        // Members: there, null, missing.
        "event.data.vip == true",
        "has(event.data.vip)",
        "!has(event.data.nothing)",
        "!(has(event.data.nothing) && event.data.nothing > 3)",
        "has(event.data.coupon)",
        "event.data.coupon == null",
        "event.data.vip != null",
        "event.data.tags[2] == null",
        "'vip' in event.data",
        "!('nothing' in event.data)",
        "event.data == event.data",
        // A side that decides alone makes up for one that can't.
        "event.data.nothing == 1 || event.data.vip",
        "event.data.vip || event.data.nothing == 1",
        "!(event.data.nothing == 1 && !event.data.vip)",
        "event.data.vip ? true : event.data.nothing",
        // Text
        "event.data.customer.startsWith('al') && event.data.customer.endsWith('ice')",
        "event.data.customer.contains('lic')",
        "event.type.matches('^com\\\\.[a-z]+\\\\.order$')",
        "event.data.customer.matches('lic')",
        "size(event.data.customer) == 5",
        "event.data.customer + '!' == 'alice!'",
        "event.data.customer < 'bob'",
        // Lists, maps, macros
        "event.data.tags.size() == 3",
        "event.data.tags[0] == 'new'",
        "'gift' in event.data.tags",
        "event.data.lines.all(line, line.n >= 1)",
        "event.data.lines.exists(line, line.sku == 'b-2')",
        "event.data.lines.exists_one(line, line.n > 2)",
        "event.data.lines.map(line, line.sku) == ['a-1', 'b-2']",
        "event.data.lines.filter(line, line.n > 2).size() == 1",
        "event.exists(key, key == 'data')",
        "[1, 2].all(event, event > 0) && event.data.vip",
        "{'a': 1}.a == 1",
        // Bytes, conversions, types, times
        "event.data.bytes == b'abc' && size(event.data.bytes) == 3",
        "string(event.data.bytes) == 'abc'",
        "double('1.5') == 1.5 && string(2) == '2' && bool('true')",
        "type(event.data.amount) == double && type(event.data.coupon) == null_type",
        "dyn(1) == 1.0",
        "timestamp(event.time) > timestamp('2026-01-01T00:00:00Z')",
        "timestamp(event.time).getFullYear() == 2026",
        "timestamp(event.time) + duration('1h') == timestamp('2026-11-25T13:00:00Z')",
      })
  void theseHold(String text) throws EvaluationException {
    assertThat(test(text, ORDER)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "false",
        "event.type == 'other'",
        "event.data.amount > 150",
        "event.data.amount == 149",
        "event.data.amount == '150'",
        "event.data.vip == 1",
        "event.data.coupon == 0",
        "has(event.data.nothing)",
        "event.data.count in [1, 3]",
        "event.data.nothing == 1 && false",
        "event.data.lines.all(line, line.n > 1)",
      })
  void theseDoNotHold(String text) throws EvaluationException {
    assertThat(test(text, ORDER)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "event.data.nothing == true        | a variable or member is missing",
        "event.data.nothing.deeper == true | a variable or member is missing",
        "event.data['nothing'] == true     | a variable or member is missing",
        "has(event.nothing.deeper)         | a variable or member is missing",
        "event.data.customer.length == 5   | a variable or member is missing",
        "nobody == 1                       | a variable or member is missing",
        "nobody.knows.me                   | a variable or member is missing",
        "event.data.coupon.code == 1       | a variable or member is missing",
        "event.data.customer > 100         | types do not fit",
        "event.data.amount + 1 > 2         | types do not fit",
        "event.data.tags[9] == 'x'         | no such index",
        "1 / int(event.data.count - 2.0) == 1 | division by zero",
        "int(event.data.customer) == 1     | has not the form",
        "event.data.customer.matches('(')  | can't be decided",
        "event.data.customer               | neither true nor false",
        "event.data.amount                 | neither true nor false",
        "event.data.coupon                 | neither true nor false",
        "event                             | neither true nor false",
        "event.data.amount && true         | can't be decided",
        "event.data.amount ? true : false  | can't be decided",
        "!event.data.amount                | types do not fit",
      })
  void theseCanNotBeDecided(String text, String reason) {
    assertThatThrownBy(() -> test(text, ORDER))
        .isInstanceOf(EvaluationException.class)
        .hasMessageStartingWith("\"" + text + "\" can't be decided")
        .hasMessageContaining(reason);
  }

  @Test
  void aConditionTellsItsVariablesAndNotWhatMacrosAndTypesBind() {
    assertThat(new CelExpressions()
            .compile("evnt.type == 'x' || event.data.all(item, type(item) == int && other)")
            .variables())
        .containsExactlyInAnyOrder("evnt", "event", "other");
  }

  @Test
  void aFailureNamesItsPlace() {
    assertThatThrownBy(() -> test("event.data.vip\n  && event.data.nothing == 1", ORDER))
        .hasMessageContaining(" at 2:16: a variable or member is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "event.data[event.data.secret]",
        "event.data.secret",
        "event[event.data.secret]",
        "event.data.secret > 1",
        "int(event.data.secret) > 1",
        "timestamp(event.data.secret) > timestamp('2026-01-01T00:00:00Z')",
        "duration(event.data.secret) > duration('1s')",
        "'x'.matches(event.data.secret + '(')",
        "event.data.map[event.data.secret] == 1",
        "{event.data.secret: 1, event.data.secret: 2}.size() == 1",
        "event.data.secret ? true : false",
        "event.data.secret && true",
      })
  void whatAnEventHoldsIsInNoMessage(String text) {
    var data = Map.of("secret", "s3cret", "map", Map.of("k", "s3cret"));
    var failure = catchThrowableOfType(
        EvaluationException.class, () -> test(text, Map.of("event", Map.of("data", data))));
    var printed = new StringWriter();
    failure.printStackTrace(new PrintWriter(printed, true));
    assertThat(printed.toString()).doesNotContain("s3cret").contains("can't be decided");
  }

  @Test
  void aVariableNobodyKnowsIsAFaultOnlyWhereItIsNeeded() throws EvaluationException {
    var condition = expressions.compile("requests > 3 && weather == 'fine'");
    assertThat(condition.test(Map.of("requests", 1L))).isFalse();
    assertThatThrownBy(() -> condition.test(Map.of("requests", 4L)))
        .isInstanceOf(EvaluationException.class);
    assertThat(condition.test(Map.of("requests", 4L, "weather", "fine"))).isTrue();
  }

  @Test
  void tripsCountInWholeNumbers() throws EvaluationException {
    Map<String, Object> counts = Map.of(
        "requests", 10L,
        "totalSuccesses", 4L,
        "totalFailures", 6L,
        "consecutiveSuccesses", 0L,
        "consecutiveFailures", 6L);
    assertThat(test("consecutiveFailures > 5", counts)).isTrue();
    assertThat(test("consecutiveFailures > 6", counts)).isFalse();
    assertThat(test("requests >= 10 && totalFailures * 100 / requests >= 60", counts))
        .isTrue();
    assertThat(test("double(totalFailures) / double(requests) > 0.5", counts)).isTrue();
    assertThat(test("totalFailures > 5.5 && consecutiveSuccesses == 0.0", counts))
        .isTrue();
  }

  /** Dapr's rules and events of its routing tests. */
  @Test
  void rulesRouteAsInDapr() throws EvaluationException {
    var byType = expressions.compile("event.type == \"t.x\"");
    var vip = expressions.compile("event.data.vip == true");
    var yes = Map.of("event", Map.of("type", "t.x", "data", Map.of("vip", true)));
    var no = Map.of("event", Map.of("type", "t.y", "data", Map.of("vip", false)));
    var none = Map.of("event", Map.of("type", "t.y", "data", Map.of("n", 1.0)));
    var text = Map.of("event", Map.of("type", "t.y", "data", "hello"));
    assertThat(byType.test(yes)).isTrue();
    assertThat(byType.test(no)).isFalse();
    assertThat(vip.test(yes)).isTrue();
    assertThat(vip.test(no)).isFalse();
    assertThatThrownBy(() -> vip.test(none)).isInstanceOf(EvaluationException.class);
    assertThatThrownBy(() -> vip.test(text)).isInstanceOf(EvaluationException.class);
    assertThatThrownBy(() -> vip.test(Map.of("event", "raw bytes as text")))
        .isInstanceOf(EvaluationException.class);
    assertThatThrownBy(() -> test("has(event.data.vip)", text))
        .isInstanceOf(EvaluationException.class);
  }

  @Test
  void aVariableMayItselfBeNull() throws EvaluationException {
    var variables = new HashMap<String, Object>();
    variables.put("event", null);
    assertThat(test("event == null", variables)).isTrue();
    assertThatThrownBy(() -> test("event == null", Map.of()))
        .isInstanceOf(EvaluationException.class);
  }

  @Test
  void whatIsNoValueIsTheCallersMistake() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> test("a == 1", Map.of("a", new StringBuilder("s3cret"))))
        .withMessageContaining("java.lang.StringBuilder")
        .withMessageNotContaining("s3cret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "event.type ==          | 1:14: ",
        "event.type = 'x'       | 1:12: ",
        "(event.type == 'x'     | 1:19: ",
        "event.type == 'x       | 1:15: ",
        "1 + 'a'                | 1:3: found no matching overload for '_+_'",
        "unheard(event) == 1    | 1:8: undeclared reference to 'unheard'",
        "event.unheard()        | 1:14: undeclared reference to 'unheard'",
        "has(event)             | 1:4: ",
        "event.all(1, true)     | 1:11: ",
        "if == 1                | 1:1: ",
      })
  void theseAreNoExpressions(String text, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> expressions.compile(text))
        .withMessageStartingWith("\"" + text + "\" is no expression: ")
        .withMessageContaining(reason);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "// nothing"})
  void noTextIsNoExpression(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> expressions.compile(text))
        .withMessageContaining(" is no expression: ");
  }

  @Test
  void allThatIsWrongComesInOneMessage() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> expressions.compile("1 + 'a' == 2 &&\n  unheard(event)"))
        .withMessageContaining("1:3: found no matching overload")
        .withMessageContaining("2:10: undeclared reference to 'unheard'");
  }

  @Test
  void aHostileTextIsRefusedAndNotRepeated() {
    var limits = new ArrayList<String>();
    limits.add("1 == 1 || ".repeat(2_000) + "true");
    limits.add("(".repeat(1_000) + "true" + ")".repeat(1_000));
    limits.add("!".repeat(9_000) + "(".repeat(500));
    limits.add("[".repeat(500) + "]".repeat(500) + " == []");
    limits.add("1" + " + 1".repeat(2_000) + " == 1");
    limits.add("a" + ".b".repeat(4_000));
    limits.add("true" + " ? true : true".repeat(700));
    limits.add("[1].all(x, ".repeat(300) + "true" + ")".repeat(300));
    for (String text : limits) {
      assertThatIllegalArgumentException()
          .as(text.substring(0, 20))
          .isThrownBy(() -> expressions.compile(text))
          .satisfies(e -> assertThat(e.getMessage()).contains("limit").hasSizeLessThan(2_000));
    }
  }

  @Test
  void aLongListOfAlternativesIsNoDeepOne() throws EvaluationException {
    var text = "a == 0" + " || a == 1".repeat(900);
    assertThat(test(text, Map.of("a", 1L))).isTrue();
    assertThat(test(text, Map.of("a", 2L))).isFalse();
  }

  @Test
  void loopsInLoopsEnd() {
    var numbers = new ArrayList<Long>();
    for (long i = 0; i < 1_000; i++) {
      numbers.add(i);
    }
    assertThatThrownBy(() -> test("n.all(a, n.all(b, n.all(c, c >= 0)))", Map.of("n", numbers)))
        .isInstanceOf(EvaluationException.class)
        .hasMessageContaining("more than 100000 steps of macros");
  }

  @Test
  void oneConditionServesManyThreads() throws Exception {
    var condition =
        expressions.compile("event.data.lines.exists(l, l.n == want) && event.data.n > 0");
    int threads = 8;
    var together = new CyclicBarrier(threads);
    var pool = Executors.newFixedThreadPool(threads);
    try {
      var tasks = new ArrayList<Callable<Integer>>();
      for (int t = 0; t < threads; t++) {
        long want = t;
        tasks.add(() -> {
          together.await();
          int wrong = 0;
          for (int i = 0; i < 500; i++) {
            var lines = List.of(Map.of("n", (double) (i % threads)));
            var data = Map.of("lines", lines, "n", (double) (i % 3));
            boolean expected = i % threads == want && i % 3 > 0;
            var variables = Map.of("event", Map.of("data", data), "want", want);
            wrong += condition.test(variables) == expected ? 0 : 1;
          }
          return wrong;
        });
      }
      for (var done : pool.invokeAll(tasks)) {
        assertThat(done.get()).isZero();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void serviceLoaderFindsIt() {
    assertThat(ServiceLoader.load(Expressions.class))
        .singleElement()
        .isInstanceOf(CelExpressions.class);
  }

  private static final Set<String> COUNTS = Set.of("requests", "totalFailures");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "requests > 5",
        "requests > 5u && requests > 4.5",
        "totalFailures / requests > 0.5",
        "double(totalFailures) / double(requests) >= 0.5",
        "totalFailures * 100 / requests >= 50",
        "requests > 0 ? totalFailures % requests == 0 : false",
        "[1, 2, 3].exists(n, n * 2 == totalFailures)",
        "[requests, 1.5, 'a'].size() == 3 && type(requests) == int",
        "requests in [1, 2, 3] || string(requests) == '7'",
        "dyn(totalFailures) > 0.5",
        "true"
      })
  void aConditionOverKnownNumbersIsTakenWhateverTheNumbersAre(String text) throws Exception {
    var condition = expressions.compile(text, COUNTS);
    condition.test(Map.of("requests", 10L, "totalFailures", 20L));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "request > 5#                     there is no variable \"request\", did you mean \"requests\"?; there are [requests, totalFailures]",
        "requests > 5 || event.type == 1# there is no variable \"event\"; there are [requests, totalFailures]",
        "totalFailures#                   its result is neither true nor false, but of the type int",
        "totalFailures / requests#        its result is neither true nor false, but of the type int",
        "string(requests)#                its result is neither true nor false, but of the type string",
      })
  void aConditionThatCanNeverBeDecidedIsRefused(String text, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> expressions.compile(text, COUNTS))
        .withMessage("\"%s\" is no condition: %s", text, reason);
  }

  @Test
  void numbersThatDoNotFitTogetherAreRefusedWhereAllAreKnown() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> expressions.compile("totalFailures * 1.0 > 2", COUNTS))
        .withMessageContaining("is no expression: 1:15: found no matching overload for '_*_'");
  }
}
