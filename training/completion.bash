# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of commands and options in bash, asked of the program itself; all else is files. In zsh:
#   autoload -Uz compinit bashcompinit; compinit; bashcompinit; source THIS_FILE

_novelty() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} wanted word before=()
  # The command before the cursor: 'train', or 'evaluate' and 'video'.
  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    [[ $word == [a-z]* && ${#before[@]} -lt 2 ]] || break
    before+=("$word")
  done
  case $current in
    -*) wanted='s/^  (-., )?(--[a-z-]+).*/\2/p' ;;
    *) wanted='s/^  ([a-z]+)  +[a-z].*/\1/p' ;;
  esac
  COMPREPLY=()
  [[ $current == -* || $COMP_CWORD -lt 3 ]] || return 0
  # shellcheck disable=SC2207  # words without spaces
  COMPREPLY=($(compgen -W "$("$program" "${before[@]}" --help 2>/dev/null |
    sed -nE "/^(Start here|Examples):/q; $wanted")" -- "$current"))
}
complete -o default -F _novelty novelty
