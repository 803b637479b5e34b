# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# bash completion for lxr. It needs the package bash-completion, which loads it by itself when it is installed; or:
#   source <(lxr completion bash)
_lxr() {
	local cur words cword answer breaks
	_get_comp_words_by_ref -n =: cur words cword || return
	mapfile -t answer < <("${words[0]}" __complete "${words[@]:1:cword}" 2>/dev/null)
	((${#answer[@]})) || return
	case ${answer[-1]} in
	:files | :directories)
		[[ $cur == --*=* ]] && cur=${cur#*=}
		if [[ ${answer[-1]} == :files ]]; then _filedir; else _filedir -d; fi
		return
		;;
	esac
	unset 'answer[-1]'
	COMPREPLY=("${answer[@]%%$'\t'*}")
	# readline replaces only what follows the last word break.
	breaks=${COMP_WORDBREAKS//[^=:]/}
	if [[ -n $breaks && $cur == *["$breaks"]* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*["$breaks"]}"}"}")
	fi
}
complete -F _lxr lxr
