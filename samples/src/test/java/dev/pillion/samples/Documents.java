// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The project's Markdown pages, and what stands in them. */
final class Documents {
  static final Path ROOT = Repository.ROOT;
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

  private Documents() {}

  /** README, CONTRIBUTING and everything below docs, from the root. */
  static List<Path> pages() {
    var pages = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")));
    pages.addAll(files("docs", ".md"));
    return pages;
  }

  /** The project's files below a folder whose names end so, from the root, in order. */
  static List<Path> files(String folder, String ending) {
    return Repository.files().stream()
        .filter(path -> path.startsWith(folder) || folder.isEmpty())
        .filter(path -> path.toString().endsWith(ending))
        .toList();
  }

  static String text(Path page) {
    try {
      return Files.readString(ROOT.resolve(page)).replace("\r\n", "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(page.toString(), e);
    }
  }

  /** The fenced blocks in a language, in order. */
  static List<String> blocks(String text, String language) {
    return BLOCK
        .matcher(text)
        .results()
        .filter(block -> block.group(1).equals(language))
        .map(block -> block.group(2))
        .toList();
  }

  static String withoutBlocks(String text) {
    return BLOCK.matcher(text).replaceAll("");
  }

  /** The first group of every match. */
  static List<String> all(String regex, String text) {
    return Pattern.compile(regex)
        .matcher(text)
        .results()
        .map((MatchResult match) -> match.group(1))
        .toList();
  }
}
