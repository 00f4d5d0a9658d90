// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MethodPathTest {
  private static String canonical(String method) {
    return InvocationRequest.post(method, "", new byte[0]).method();
  }

  @ParameterizedTest
  @CsvSource({
    "orders, orders",
    "v1/create, v1/create",
    "a//b/../c/, a/c",
    "./a/./b, a/b",
    "/a/b, /a/b",
    "//a, /a",
    "../../etc/passwd, etc/passwd",
    "a/../../../b, b",
    "/../../b, /b",
    "/.., /",
    "a/.., ''",
    ".., ''",
    "., ''",
    "'', ''",
    "..., ...",
    "a/..b/c, a/..b/c",
    "%2e%2e/a, %2e%2e/a",
    "..\\a, ..\\a",
    "öl/preis, öl/preis",
    "a b, a b",
  })
  void aPathHasOneFormAndNeverClimbs(String method, String canonical) {
    assertThat(canonical(method)).isEqualTo(canonical);
    assertThat(canonical(canonical)).isEqualTo(canonical);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a#b", "a?b=c", "a\0b", "a\nb", "a\r\nx: y", "\t", "a\u007f"})
  void whatWouldEndAPathOrALineIsRefused(String method) {
    assertThatThrownBy(() -> canonical(method))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid method: ");
  }

  @Test
  void aQueryInTheMethodIsToldWhereItGoes() {
    assertThatThrownBy(() -> canonical("orders?x=1"))
        .hasMessage(
            "invalid method: the letter at 6 is ?, which no method has; the query goes into InvocationRequest.query");
  }

  @Test
  void aRequestIsMadeStepByStep() {
    var request = InvocationRequest.get("orders")
        .withQuery("x=1")
        .withHeader("X-A", "1")
        .withHeader("X-B", "2");
    assertThat(request.verb()).isEqualTo("GET");
    assertThat(request.query()).isEqualTo("x=1");
    assertThat(request.headers()).isEqualTo(Map.of("X-A", List.of("1"), "X-B", List.of("2")));
    assertThat(request.withHeader("X-A", "3").headers()).containsEntry("X-A", List.of("3"));
    assertThat(request.headers()).containsEntry("X-A", List.of("1"));
  }
}
