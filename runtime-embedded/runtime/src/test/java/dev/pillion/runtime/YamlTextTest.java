// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of a value in YAML: the right column is what daprd 1.18.3 made of the left one. */
class YamlTextTest {
  @TempDir
  Path folder;

  static Stream<Arguments> asDaprReadsThem() {
    return Stream.of(
        arguments("6379", "6379"),
        arguments("-5", "-5"),
        arguments("+5", "5"),
        arguments("1.0", "1"),
        arguments("1.50", "1.5"),
        arguments("1e3", "1000"),
        arguments("1.5e-7", "1.5e-7"),
        arguments("1e21", "1e+21"),
        arguments("1E400", "1E400"),
        arguments("123456789012345678901234567890", "1.2345678901234568e+29"),
        arguments("010", "8"),
        arguments("0o10", "8"),
        arguments("0x1F", "31"),
        arguments("0X1F", "31"),
        arguments("0b101", "5"),
        arguments("1_000", "1000"),
        arguments("1_0.5", "10.5"),
        arguments(".5", "0.5"),
        arguments("5.", "5"),
        arguments("-.5", "-0.5"),
        arguments("true", "true"),
        arguments("TRUE", "true"),
        arguments("tRuE", "tRuE"),
        arguments("yes", "true"),
        arguments("Yes", "true"),
        arguments("YES", "true"),
        arguments("yEs", "yEs"),
        arguments("no", "false"),
        arguments("on", "true"),
        arguments("Off", "false"),
        arguments("y", "true"),
        arguments("n", "false"),
        arguments("Y", "true"),
        arguments("N", "false"),
        arguments("null", ""),
        arguments("~", ""),
        arguments("NULL", ""),
        arguments("nUll", "nUll"),
        arguments("\"quoted\"", "quoted"),
        arguments("'single'", "single"),
        arguments("\"010\"", "010"),
        arguments("2001-01-01", "2001-01-01"),
        arguments("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        arguments("12:30:45", "12:30:45"),
        arguments("190:20:30", "190:20:30"),
        arguments(
            "{b: 1, a: [x, \"y\", 2, 1.0, true, null, ~]}",
            "{\"a\":[\"x\",\"y\",2,1,true,null,null],\"b\":1}"),
        arguments("[1, 2, 3]", "[1,2,3]"),
        arguments("{a: yes, 1: x, true: z}", "{\"1\":\"x\",\"a\":true,\"true\":\"z\"}"),
        arguments("{a: \"<&>\"}", "{\"a\":\"\\u003c\\u0026\\u003e\"}"),
        arguments("!!str 123", "123"),
        arguments("!!str 010", "010"),
        arguments("!!int \"12\"", "12"),
        arguments("!!float 12", "12"),
        arguments("!!bool \"yes\"", "true"),
        arguments("0.1", "0.1"),
        arguments("100000000000000000000.0", "100000000000000000000"),
        arguments("1234567.89", "1234567.89"),
        arguments("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
        arguments("08", "8"),
        arguments("-010", "-8"),
        arguments("0.0", "0"),
        arguments("-0", "0"),
        arguments("-0.0", "-0"),
        arguments("=", "="),
        arguments("<<", "<<"),
        arguments("1e", "1e"),
        arguments("0x", "0x"),
        arguments("0o8", "0o8"),
        arguments("1__0", "10"),
        arguments("_1", "_1"),
        arguments("1_", "1"),
        arguments("0_7", "7"),
        arguments("0.", "0"),
        arguments("1.e3", "1000"),
        arguments("1e+3", "1000"),
        arguments("1E3", "1000"),
        arguments("12e03", "12000"),
        arguments(
            "{big: 12345678901234567890123, f: 1e3, g: 1.10, h: 0.000001, i: 1e21, j: 1e-7, k: 12345678.9}",
            "{\"big\":1.2345678901234568e+22,\"f\":1000,\"g\":1.1,\"h\":0.000001,\"i\":1e+21,\"j\":1e-7,\"k\":12345678.9}"),
        arguments("\"\\u00e9\\t\"", "é\t"),
        arguments("\"say \\\"hi\\\" \\\\ x\"", "say \"hi\" \\ x"),
        arguments("\"@x\"", "@x"));
  }

  @ParameterizedTest
  @MethodSource
  void asDaprReadsThem(String yaml, String text) {
    var files =
        new ComponentFiles(folder).file("a.yaml", ComponentFiles.paper("a", "value: " + yaml));
    assertThat(files.value("a", "value")).isEqualTo(text);
  }

  @Test
  void whatDaprCannotReadStaysText() {
    // A daprd leaves out a component with one of these.
    var files = new ComponentFiles(folder).file("a.yaml", ComponentFiles.paper("a", "value: .inf"));
    assertThat(files.value("a", "value")).isEqualTo(".inf");
  }

  @Test
  void severalLines() {
    var files = new ComponentFiles(folder)
        .file(
            "a.yaml",
            ComponentFiles.paper(
                "a", "value: |\n      one\n      two", "other: >-\n      one\n      two"));
    assertThat(files.value("a", "value")).isEqualTo("one\ntwo\n");
    assertThat(files.value("a", "other")).isEqualTo("one two");
  }
}
